import NIOCore
import Synchronization
import TestKit
import Testing

@testable import WebSockets

@Suite(.timeLimit(.minutes(1))) struct BackPressureTests {
    /// Frames of 1,000 bytes: more than the kernel's buffers, which take some megabytes.
    private static let attempts = 100_000

    @Test func aSlowReaderIsRefusedInsteadOfBuffered() async throws {
        var configuration = WebSocketConfiguration()
        configuration.outboundBufferSize = 8192
        let (counts, continuation) = AsyncStream.makeStream(of: Int.self)
        try await TestServer(configuration) { socket in
            let frame = OutboundFrame(binary: [UInt8](repeating: 1, count: 1000))
            var sent = 0
            for _ in 0..<Self.attempts where socket.trySend(frame) { sent += 1 }
            continuation.yield(sent)
            for await _ in socket.messages {}
        }.run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                var iterator = counts.makeAsyncIterator()
                let sent = try #require(await iterator.next())
                #expect(sent > 0 && sent < Self.attempts)
                for _ in 0..<sent { #expect(try await client.readFrame()?.payload.count == 1000) }
            }
        }
    }

    @Test func aClientThatDoesNotReadIsNotRead() async throws {
        var configuration = WebSocketConfiguration()
        configuration.outboundBufferSize = 4096
        configuration.inboundBufferSize = 4096
        try await TestServer(configuration).run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                let message = frame(0x82, [UInt8](repeating: 1, count: 50_000))
                let outbound = client.outbound
                let sent = Progress()
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        for _ in 0..<2000 {
                            try await outbound.write(ByteBuffer(bytes: message))
                            sent.advance()
                        }
                    }
                    // 100 MB cannot be on the way unless somebody buffers them: the client comes to a stop.
                    var before = -1
                    try await eventually(within: .seconds(30), every: .milliseconds(300)) {
                        defer { before = sent.value }
                        return before == sent.value
                    }
                    #expect(before < 2000)
                    group.cancelAll()
                }
            }
        }
    }

    private final class Progress: Sendable {
        private let count = Mutex(0)

        func advance() { count.withLock { $0 += 1 } }

        var value: Int { count.withLock(\.self) }
    }

    /// Keeps the newest value while its socket is not writable.
    struct Conflating: FanOutMember {
        var pending: Int?

        mutating func receive(_ value: Int, writer: FanOutWriter) {
            pending = value
            becameWritable(writer: writer)
        }

        mutating func becameWritable(writer: FanOutWriter) {
            guard writer.isWritable, let value = pending.take() else { return }
            writer.write(OutboundFrame(text: "\(value)" + String(repeating: " ", count: 1000)))
        }
    }

    @Test func aSlowReaderOfAFanOutGetsTheNewestAndSlowsNobody() async throws {
        var configuration = WebSocketConfiguration()
        configuration.outboundBufferSize = 8192
        let fanOut = FanOut<Conflating>()
        let (joined, continuation) = AsyncStream.makeStream(of: Void.self)
        try await TestServer(configuration) { socket in
            await fanOut.join(socket) { Conflating() }
            continuation.yield()
            for await _ in socket.messages {}
        }.run { port, _ in
            let last = 10_000
            @Sendable func readToTheLast(_ client: RawClient) async throws -> Int {
                var count = 0
                while let frame = try await client.readFrame() {
                    count += 1
                    if frame.text.hasPrefix("\(last) ") { return count }
                }
                return -1
            }
            try await RawClient.connect(port: port) { slow in
                _ = try await slow.upgrade("/ws")
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        try await RawClient.connect(port: port) { fast in
                            _ = try await fast.upgrade("/ws")
                            #expect(try await readToTheLast(fast) > 0)
                        }
                    }
                    var iterator = joined.makeAsyncIterator()
                    for _ in 0..<2 { _ = await iterator.next() }
                    for value in 1...last { await fanOut.publish(value) }
                    try await group.waitForAll()
                }
                let received = try await readToTheLast(slow)
                #expect(received > 0 && received < last)
            }
            // Its socket is gone: publishing goes on without it.
            await fanOut.publish(last + 1)
        }
    }
}
