import Testing

@testable import Gateway

@Suite("The end of a tunnel")
struct TunnelClosingTests {
    private static let frame = TestFrame.text(300, .extended).bytes
    private static let clientFrame = TestFrame.text(9, masked: true).bytes
    private static let serviceClose = TestFrame.close(2).bytes
    private static let clientClose = TestFrame.close(2, masked: true).bytes

    /// A tunnel that these bytes have passed through.
    private func tunnel(service: [UInt8] = [], client: [UInt8] = []) -> Tunnel {
        var tunnel = Tunnel()
        #expect(tunnel.receiveFromService(service.span) == .init(passing: service.count))
        #expect(tunnel.receiveFromClient(client.span) == .init(passing: client.count))
        #expect(tunnel.isOpen)
        #expect(!tunnel.owesServiceClose)
        return tunnel
    }

    @Test(
        "Between two frames the client is told at once, and then gets nothing more",
        arguments: [
            [], [.text(300, .extended)], [.text(3, final: false)], [.text(3, final: false), .ping(0)],
        ] as [[TestFrame]])
    func between(passed: [TestFrame]) {
        var tunnel = tunnel(service: passed.flatMap(\.bytes))
        #expect(tunnel.drain() == .init(closes: true))
        #expect(!tunnel.isOpen)
        #expect(tunnel.receiveFromService(Self.frame.span) == .init())
        #expect(tunnel.drain() == .init())
    }

    @Test("A frame under way is finished first, wherever it is")
    func within() {
        let next = Self.frame + Self.frame.prefix(2)
        for count in 1..<Self.frame.count {
            var tunnel = tunnel(service: Array(Self.frame.prefix(count)))
            #expect(tunnel.drain() == .init())
            let last = Array(Self.frame.dropFirst(count) + next)
            #expect(
                tunnel.receiveFromService(last.span) == .init(passing: Self.frame.count - count, closes: true))
        }
    }

    @Test("What the client sends goes on to the service up to its Close frame")
    func answer() {
        var tunnel = tunnel(client: Array(Self.clientFrame.prefix(3)))
        #expect(tunnel.drain() == .init(closes: true))
        #expect(!tunnel.owesServiceClose)
        #expect(tunnel.receiveFromClient(Array(Self.clientFrame.dropFirst(3)).span) == .init(passing: 12))
        #expect(tunnel.owesServiceClose)
        let last = Self.clientFrame + Self.clientClose
        #expect(tunnel.receiveFromClient(last.span) == .init(passing: last.count, ends: true))
        #expect(!tunnel.owesServiceClose)
    }

    @Test("A side that has closed is not closed again")
    func closed() {
        var byService = tunnel(service: Self.frame + Self.serviceClose)
        #expect(byService.drain() == .init())
        #expect(
            byService.receiveFromClient(Self.clientClose.span) == .init(passing: Self.clientClose.count, ends: true))

        var byClient = tunnel(client: Self.clientClose)
        #expect(byClient.drain() == .init(closes: true, ends: true))
        #expect(!byClient.owesServiceClose)

        var byBoth = tunnel(service: Self.serviceClose, client: Self.clientClose)
        #expect(byBoth.drain() == .init(ends: true))

        // The frame under way is the service's own Close.
        var within = tunnel(service: Array(Self.serviceClose.prefix(3)))
        #expect(within.drain() == .init())
        #expect(within.receiveFromService(Array(Self.serviceClose.suffix(1)).span) == .init(passing: 1))
        #expect(within.receiveFromClient(Self.clientClose.span) == .init(passing: Self.clientClose.count, ends: true))
    }

    @Test("A client's Close within the service's last frame ends the tunnel behind that")
    func closedWithin() {
        var tunnel = tunnel(service: Array(Self.frame.prefix(9)))
        #expect(tunnel.drain() == .init())
        #expect(tunnel.receiveFromClient(Self.clientClose.span) == .init(passing: Self.clientClose.count))
        let rest = Array(Self.frame.dropFirst(9))
        #expect(tunnel.receiveFromService(rest.span) == .init(passing: rest.count, closes: true, ends: true))
    }

    @Test("The service's Close frame says 1001 under its mask", arguments: [0, 0x0102_0304, 0xdead_beef] as [UInt32])
    func mask(key: UInt32) {
        let frame = Tunnel.closeToService(maskedBy: key)
        #expect(frame.count == 8)
        #expect(frame.prefix(2) == [0x88, 0x82])
        #expect(UInt32(frame[2]) << 24 | UInt32(frame[3]) << 16 | UInt32(frame[4]) << 8 | UInt32(frame[5]) == key)
        #expect([frame[6] ^ frame[2], frame[7] ^ frame[3]] == [0x03, 0xe9])
    }
}
