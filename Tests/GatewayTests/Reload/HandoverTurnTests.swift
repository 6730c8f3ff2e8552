import Foundation
import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import Gateway

@Suite("Whose turn it is when listeners are handed over", .timeLimit(.minutes(2)))
struct HandoverTurnTests {
    /// Runs `body` beside a gateway that can be followed at a path.
    private static func withGateway(
        _ body: @escaping @Sendable (TestGateway, _ path: String) async throws -> Void
    ) async throws {
        try await HandoverTests.withPath { path in
            try await RawServer.with(RawServer.echo) { server in
                let configuration = try HandoverTests.configuration(port: 0, upstream: server.port, at: path)
                try await TestGateway.with(configuration) { try await body($0, path) }
            }
        }
    }

    /// Takes a connection from one of the sockets, if one waits there.
    private static func accept(from sockets: [ListeningSocket]) -> Bool {
        sockets.contains { socket in
            let connection = UnixSocket.accept(on: socket.descriptor)
            if let connection { UnixSocket.close(connection) }
            return connection != nil
        }
    }

    /// Connects again and again, and sees that each connection waits in one of the sockets.
    private static func expectQueues(_ port: Int, _ sockets: [ListeningSocket]) async throws {
        for _ in 0..<16 {
            try await RawConnection.to(port: port) { _ in try await eventually { accept(from: sockets) } }
        }
    }

    @Test("The gateway accepts until its follower is ready, and no longer once it has said so")
    func predecessor() async throws {
        try await Self.withGateway { gateway, path in
            let inheritance = try #require(try await Inheritance.claim(at: path))
            let sockets = try inheritance.sockets.map { try $0.duplicate(as: $0.kind) }
            #expect(sockets.contains { $0.kind == .open && $0.address?.port == gateway.port })
            #expect(sockets.contains { $0.kind == .operators && $0.address?.port == gateway.adminPort })
            for _ in 0..<16 { #expect(try await gateway.get("/items/1").status == 200) }
            await inheritance.confirm()
            try await Self.expectQueues(gateway.port, sockets)
            for socket in sockets { socket.close() }
        }
    }

    @Test("A follower accepts once it is told that the other one does no longer, and what waited is answered")
    func follower() async throws {
        // With one event loop it has no other socket than the one that it is given.
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { loop.shutdownGracefully { _ in } }
        try await HandoverTests.withPath { path in
            try await RawServer.with(RawServer.echo) { server in
                let socket = try ListeningSocket(
                    listeningOn: SocketAddress(ipAddress: "127.0.0.1", port: 0), kind: .open)
                let port = try #require(socket.address?.port)
                let handover = try Handover(at: path)
                try handover.takePlace()
                let configuration = try HandoverTests.configuration(port: port, upstream: server.port, at: path)
                async let running: Void = TestGateway.with(configuration, group: loop) { gateway in
                    let answer = try await gateway.get("/items/1")
                    #expect(gateway.port == port)
                    #expect(answer.status == 200)
                }
                let follower = try #require(await handover.giveAway([socket]))
                try await Self.expectQueues(port, [socket])
                try await RawConnection.to(port: port) { waiting in
                    try await waiting.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    follower.begin()
                    #expect(try await waiting.message().status == 200)
                }
                socket.close()
                try await running
            }
        }
    }

    @Test("A follower that ends before it is ready changes nothing, and another can follow")
    func followerEnds() async throws {
        try await Self.withGateway { gateway, path in
            let inheritance = try #require(try await Inheritance.claim(at: path))
            inheritance.abandon()
            for _ in 0..<16 { #expect(try await gateway.get("/items/1").status == 200) }
            // Until the gateway has noticed, it refuses others.
            let next = try await eventually { try await Inheritance.claim(at: path) }
            #expect(next.sockets.count == inheritance.sockets.count)
            next.abandon()
        }
    }

    @Test("While one follower gets ready another is refused, and the first still can follow")
    func secondFollower() async throws {
        try await Self.withGateway { gateway, path in
            let first = try #require(try await Inheritance.claim(at: path))
            for _ in 0..<3 {
                await #expect(throws: HandoverError.self) { try await Inheritance.claim(at: path) }
            }
            let sockets = try first.sockets.map { try $0.duplicate(as: $0.kind) }
            #expect(try await gateway.get("/items/1").status == 200)
            await first.confirm()
            try await Self.expectQueues(gateway.port, sockets)
            for socket in sockets { socket.close() }
        }
    }

    @Test("A gateway that ends while a follower gets ready does not wait for it, nor the follower for the gateway")
    func predecessorEnds() async throws {
        let (claims, claimed) = AsyncStream.makeStream(of: Inheritance.self)
        try await Self.withGateway { _, path in
            claimed.yield(try #require(try await Inheritance.claim(at: path, patience: 3600)))
        }
        let inheritance = try #require(await claims.first { _ in true })
        let port = try #require(inheritance.sockets.first { $0.kind == .open }?.address?.port)
        let sockets = try inheritance.sockets.map { try $0.duplicate(as: $0.kind) }
        // With an hour's patience, this would outlast the test.
        await inheritance.confirm()
        // Nobody accepts, but nobody is turned away.
        try await Self.expectQueues(port, sockets)
        for socket in sockets { socket.close() }
    }

    @Test("A follower does not wait for ever to be told")
    func patience() async throws {
        try await HandoverTests.withPath { path in
            let handover = try Handover(at: path)
            try handover.takePlace()
            let socket = try ListeningSocket(listeningOn: SocketAddress(ipAddress: "127.0.0.1", port: 0), kind: .open)
            async let giving = handover.giveAway([socket])
            let inheritance = try #require(try await Inheritance.claim(at: path, patience: 1))
            await inheritance.confirm()
            // It was heard, and has gone on without an answer.
            let follower = try #require(await giving)
            follower.begin()
            socket.close()
        }
    }

    @Test("A path where nobody has been, or nobody is any more, is taken; one of something else is not")
    func paths() async throws {
        try await HandoverTests.withPath { path in
            #expect(try await Inheritance.claim(at: path) == nil)
            try await RawServer.with(RawServer.echo) { server in
                let configuration = try HandoverTests.configuration(port: 0, upstream: server.port, at: path)
                for _ in 0..<2 {
                    try await TestGateway.with(configuration) { gateway in
                        #expect(try await gateway.get("/items/1").status == 200)
                        let inheritance = try #require(try await Inheritance.claim(at: path))
                        inheritance.abandon()
                    }
                    // The socket is still there.
                    #expect(FileManager.default.fileExists(atPath: path))
                    #expect(try await Inheritance.claim(at: path) == nil)
                }
                try FileManager.default.removeItem(atPath: path)
                try Data("notes".utf8).write(to: URL(fileURLWithPath: path))
                await #expect(throws: HandoverError.self) { try await TestGateway.with(configuration) { _ in } }
                #expect(FileManager.default.contents(atPath: path) == Data("notes".utf8))
            }
        }
    }

    @Test("Only a process of the gateway's own user follows it, and follows only such a gateway")
    func users() async throws {
        try await HandoverTests.withPath { path in
            let stranger = geteuid() + 1
            let handover = try Handover(at: path, user: stranger)
            try handover.takePlace()
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let socket = try ListeningSocket(listeningOn: SocketAddress(ipAddress: "127.0.0.1", port: 0), kind: .open)
            let giving = Task { await handover.giveAway([socket]) == nil }
            await #expect(throws: HandoverError.self) { try await Inheritance.claim(at: path) }
            giving.cancel()
            #expect(await giving.value)
            socket.close()
        }
        try await Self.withGateway { gateway, path in
            await #expect(throws: HandoverError.self) {
                try await Inheritance.claim(at: path, user: geteuid() + 1)
            }
            let answer = try await gateway.get("/items/1")
            #expect(answer.status == 200)
        }
    }
}
