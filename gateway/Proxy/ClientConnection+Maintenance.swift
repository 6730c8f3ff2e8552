import HTTPWire
import NIOCore

extension ClientConnection {
    /// Turns away a request for a service during maintenance; whoever waits for its end does not use up a limit.
    ///
    /// - Parameter path: where the path stands at `range`.
    func requireService(
        _ route: Route, _ path: Span<UInt8>, _ range: Range<Int>, _ bytes: Span<UInt8>
    ) throws(Refusal) {
        let maintenance = worker.generation.maintenance
        guard maintenance.isOn, case .upstream = route.destination, !maintenance.mode.passes(path, range),
            !maintenance.mode.passes(origin.socketAddress)
        else { return }
        throw .maintenance(maintenance.mode.notice, asPage: asksForPage(bytes))
    }

    /// Whether the client names HTML among what it takes, as browsers do for what they show (RFC 9110 §12.5.1).
    private func asksForPage(_ bytes: Span<UInt8>) -> Bool {
        guard var rest = head.value(of: Self.accept, in: bytes) else { return false }
        while let type = bytes.nextListMember(&rest) {
            let end = bytes.index(of: ASCII.semicolon, in: type) ?? type.upperBound
            if bytes.matches("text/html", at: bytes.trimmed(type.lowerBound..<end)) { return true }
        }
        return false
    }

    private static let accept = LowercasedText("Accept")
}
