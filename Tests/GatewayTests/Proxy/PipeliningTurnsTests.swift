import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

@Suite("Turns of clients that pipeline")
struct PipeliningTurnsTests {
    private static let request = "GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n"

    @Test("Of many requests at once some are answered, and the rest when others have had their turn, all in the end")
    func turns() throws {
        let core = try TestWorker.core(TestFile(port: 1).load())
        let channel = EmbeddedChannel()
        let worker = Worker(loop: channel.embeddedEventLoop, index: 0, core: core)
        let client = ClientConnection(worker: worker, site: .open)
        try channel.pipeline.syncOperations.addHandler(client)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let count = 10 * PipeliningTurn.limit + 1
        try channel.writeInbound(ByteBuffer(string: String(repeating: Self.request, count: count)))
        #expect(try Self.answers(channel) == PipeliningTurn.limit)
        // What comes meanwhile waits behind it.
        try channel.writeInbound(ByteBuffer(string: Self.request))
        #expect(try Self.answers(channel) == 0)
        // What sockets have comes before the next turn, and behind what is only executed.
        channel.embeddedEventLoop.run()
        #expect(try Self.answers(channel) == 0)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(100))
        #expect(try Self.answers(channel) == count + 1 - PipeliningTurn.limit)
        // Requests that do not come at once need not wait.
        for _ in 0..<2 * PipeliningTurn.limit {
            try channel.writeInbound(ByteBuffer(string: Self.request))
            #expect(try Self.answers(channel) == 1)
        }
        _ = try channel.finish()
    }

    private static func answers(_ channel: EmbeddedChannel) throws -> Int {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text.components(separatedBy: "HTTP/1.1 200 OK\r\n").count - 1
    }
}
