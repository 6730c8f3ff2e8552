import NIOCore
import Synchronization
import TestKit
import Testing

@testable import WebSockets

@Suite(.timeLimit(.minutes(1))) struct ClosingTests {
    @Test func aClientsCloseIsAnsweredWithItsCode() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                try await client.send(frame(0x88, [0x03, 0xE9] + Array("bye".utf8)))
                #expect(try await client.readFrame()?.closeCode == 1001)
                #expect(try await client.readFrame() == nil)
            }
        }
    }

    @Test func aCloseWithoutACodeIsAnsweredWithoutOne() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                try await client.send(frame(0x88, []))
                #expect(try await client.readFrame() == Frame(head: 0x88, payload: []))
                #expect(try await client.readFrame() == nil)
            }
        }
    }

    @Test func theServerClosesWithItsCodeAndWaitsForTheClient() async throws {
        try await TestServer { $0.close(.notAllowed, reason: String(repeating: "é", count: 100)) }.run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                let close = try #require(try await client.readFrame())
                #expect(close.closeCode == 4403)
                #expect(close.payload.count <= 125)
                #expect(String(validating: close.payload.dropFirst(2), as: UTF8.self) != nil)
                try await client.send(frame(0x81, Array("too late".utf8)))
                try await client.send(frame(0x88, [0x11, 0x33]))
                #expect(try await client.readFrame() == nil)
            }
        }
    }

    @Test func aClientThatNeverAnswersTheCloseIsCutOff() async throws {
        var configuration = WebSocketConfiguration()
        configuration.closeTimeout = .milliseconds(50)
        try await TestServer(configuration) { _ in }.run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                #expect(try await client.readFrame()?.closeCode == 1000)
                #expect(try await client.readFrame() == nil)
            }
        }
    }

    @Test func aClientThatClosesAndReadsNothingIsCutOff() async throws {
        var configuration = WebSocketConfiguration()
        configuration.closeTimeout = .milliseconds(50)
        configuration.outboundBufferSize = 64 << 20
        let (sent, send) = AsyncStream.makeStream(of: Void.self)
        try await TestServer(configuration) { socket in
            // More than the kernel takes, so that no Close frame gets out behind it.
            let frame = OutboundFrame(binary: [UInt8](repeating: 1, count: 32 << 20))
            #expect(socket.trySend(frame))
            send.yield()
            for await _ in socket.messages {}
        }.run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                for await _ in sent { break }
                try await client.send(frame(0x88, [0x03, 0xE9]))
                // Whoever sends to one who has ended is told so.
                try await eventually {
                    do { try await client.send([0]) } catch { return true }
                    return false
                }
            }
        }
    }

    @Test func anErrorOfTheHandlerClosesWith1011() async throws {
        try await TestServer { _ in throw WebSocketClosed() }.run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                #expect(try await client.readFrame()?.closeCode == 1011)
            }
        }
    }

    @Test func aSilentClientIsPinged() async throws {
        var configuration = WebSocketConfiguration()
        configuration.pingInterval = .milliseconds(20)
        try await TestServer(configuration).run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                for _ in 0..<3 {
                    #expect(try await client.readFrame() == Frame(head: 0x89, payload: []))
                    try await client.send(frame(0x8A, []))
                }
            }
        }
    }

    @Test func aClientThatStaysSilentIsGivenUp() async throws {
        var configuration = WebSocketConfiguration()
        configuration.pingInterval = .milliseconds(20)
        configuration.idleTimeout = .milliseconds(50)
        try await TestServer(configuration).run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                var last = try await client.readFrame()
                while last?.head == 0x89 { last = try await client.readFrame() }
                #expect(last?.closeCode == 4408)
            }
        }
    }

    @Test func aClientThatVanishesEndsTheHandler() async throws {
        let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
        try await TestServer { socket in
            for await _ in socket.messages {}
            continuation.yield()
        }.run { port, _ in
            try await RawClient.connect(port: port) { client in _ = try await client.upgrade("/ws") }
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                client.finish()
                #expect(try await client.readFrame() == nil)
            }
            var iterator = ends.makeAsyncIterator()
            _ = await iterator.next()
            _ = await iterator.next()
        }
    }

    @Test func shutdownClosesEverySocketWith1012() async throws {
        try await TestServer().run { port, shutDown in
            try await withThrowingDiscardingTaskGroup { group in
                let (connected, continuation) = AsyncStream.makeStream(of: Void.self)
                for _ in 0..<20 {
                    group.addTask {
                        try await RawClient.connect(port: port) { client in
                            _ = try await client.upgrade("/ws")
                            continuation.yield()
                            #expect(try await client.readFrame()?.closeCode == 1012)
                            try await client.send(frame(0x88, [0x03, 0xF4]))
                            #expect(try await client.readFrame() == nil)
                        }
                    }
                }
                var iterator = connected.makeAsyncIterator()
                for _ in 0..<20 { _ = await iterator.next() }
                await shutDown()
            }
        }
    }

    @Test func aClosedSocketIsToldToItsSenders() async throws {
        let (outcomes, continuation) = AsyncStream.makeStream(of: Bool.self)
        try await TestServer { socket in
            for await _ in socket.messages {}
            do {
                try await socket.send(OutboundFrame(text: "late"))
                continuation.yield(true)
            } catch {
                continuation.yield(socket.trySend(OutboundFrame(text: "later")) && socket.channel.isActive)
            }
        }.run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                try await client.send(frame(0x88, []))
                while try await client.readFrame() != nil {}
            }
            var iterator = outcomes.makeAsyncIterator()
            #expect(await iterator.next() == false)
        }
    }
}
