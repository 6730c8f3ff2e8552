import Foundation
import NIOCore
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("A gateway that takes over from another", .timeLimit(.minutes(2)))
struct HandoverTests {
    /// What clients have come to.
    private final class Tally: Sendable {
        let answered = Atomic(0)
        let failures: Mutex<[String]> = Mutex([])
        let isOver = Atomic(false)
    }

    private static func configuration(port: Int, upstream: Int, at path: String) throws -> GatewayConfiguration {
        var configuration = try TestFile(port: upstream).load()
        configuration.listener.port = port
        configuration.handover = path
        return configuration
    }

    private static func withPath<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        // The path of a UNIX socket has 107 bytes at most.
        let path = "/tmp/lms-handover-\(UInt32.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    /// Asks over and over, each time on a connection of its own.
    private static func load(_ port: Int, _ tally: Tally) async {
        while !tally.isOver.load(ordering: .relaxed) {
            do {
                let answer = try await RawConnection.to(port: port) { connection in
                    try await connection.send("POST /items/1 HTTP/1.1\r\nHost: lms\r\nContent-Length: 0\r\n\r\n")
                    return try await connection.message()
                }
                guard answer.status == 200 else { throw HandoverError(path: "", reason: answer.startLine) }
                tally.answered.add(1, ordering: .relaxed)
            } catch {
                tally.failures.withLock { $0.append("\(error)") }
            }
        }
    }

    @Test("Under load no connection is lost, and the one before ends when it has drained")
    func underLoad() async throws {
        let tally = Tally()
        try await Self.withPath { path in
            try await RawServer.with(RawServer.echo) { server in
                let first = try Self.configuration(port: 0, upstream: server.port, at: path)
                let (ports, tell) = AsyncStream.makeStream(of: Int.self)
                let (ends, end) = AsyncStream.makeStream(of: Void.self)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    // It ends by itself, while this task still has more to say than it.
                    tasks.addTask {
                        try await TestGateway.with(first) { gateway in
                            tell.yield(gateway.port)
                            try await gateway.connect { idle in
                                try await idle.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                                _ = try await idle.message()
                                #expect(try await idle.read() == nil)
                            }
                        }
                        end.yield()
                    }
                    let port = try #require(await ports.first { _ in true })
                    for _ in 0..<8 { tasks.addTask { await Self.load(port, tally) } }
                    defer { tally.isOver.store(true, ordering: .relaxed) }
                    try await eventually(within: .seconds(60)) { tally.answered.load(ordering: .relaxed) > 1000 }
                    let second = try Self.configuration(port: port, upstream: server.port, at: path)
                    try await TestGateway.with(second) { gateway in
                        #expect(gateway.port == port)
                        for await _ in ends { break }
                        let before = tally.answered.load(ordering: .relaxed)
                        try await eventually(within: .seconds(60)) {
                            tally.answered.load(ordering: .relaxed) > before + 1000
                        }
                        tally.isOver.store(true, ordering: .relaxed)
                    }
                    try await tasks.waitForAll()
                }
            }
        }
        #expect(tally.failures.withLock { $0 } == [])
    }

    @Test("One follows the other, with TLS as without, and requests are taken throughout")
    func inARow() async throws {
        try await TestCertificate.with { files in
            let settings = files.settings()
            try await Self.withPath { path in
                try await RawServer.with(RawServer.echo) { server in
                    var file = TestFile(port: server.port)
                    file.tls = settings
                    var first = try file.load()
                    first.handover = path
                    try await Self.follow(3, first, ports: nil)
                }
            }
        }
    }

    /// Runs so many gateways, each of which takes over from the one before.
    private static func follow(
        _ count: Int, _ configuration: GatewayConfiguration, ports: (Int, Int)?
    ) async throws {
        try await TestGateway.with(configuration) { gateway in
            if let ports { #expect((gateway.port, gateway.tlsPort) == ports) }
            #expect(try await gateway.get("/items/1").status == 200)
            guard count > 1 else { return }
            var next = configuration
            next.listener.port = gateway.port
            next.tls?.listener.port = gateway.tlsPort
            try await follow(count - 1, next, ports: (gateway.port, gateway.tlsPort))
        }
    }

    @Test("A follower is told to begin once the other accepts no longer, and not before it is ready itself")
    func turns() async throws {
        try await Self.withPath { path in
            try await RawServer.with(RawServer.echo) { server in
                let configuration = try Self.configuration(port: 0, upstream: server.port, at: path)
                try await TestGateway.with(configuration) { gateway in
                    let inheritance = try #require(try await Inheritance.claim(at: path))
                    #expect(try await gateway.get("/items/1").status == 200)
                    await inheritance.confirm()
                    // Nobody accepts now, so that this one waits in the queue of the sockets, which are open here.
                    let waiting = Task { try await gateway.get("/items/1").status }
                    for socket in inheritance.sockets { socket.close() }
                    await #expect(throws: (any Error).self) { try await waiting.value }
                }
            }
        }
    }

    @Test("A follower that fails before it is ready changes nothing, and neither does a socket that nobody waits at")
    func failed() async throws {
        try await Self.withPath { path in
            #expect(try await Inheritance.claim(at: path) == nil)
            try await RawServer.with(RawServer.echo) { server in
                let configuration = try Self.configuration(port: 0, upstream: server.port, at: path)
                try await TestGateway.with(configuration) { gateway in
                    let inheritance = try #require(try await Inheritance.claim(at: path))
                    #expect(inheritance.sockets.contains { $0.kind == .open && $0.address?.port == gateway.port })
                    #expect(inheritance.sockets.contains { $0.kind == .operators })
                    for socket in inheritance.sockets { socket.close() }
                    inheritance.abandon()
                    for _ in 0..<20 { #expect(try await gateway.get("/items/1").status == 200) }
                    // It waits for the next, which finds the same.
                    let next = try #require(try await Inheritance.claim(at: path))
                    #expect(next.sockets.count == inheritance.sockets.count)
                    for socket in next.sockets { socket.close() }
                    next.abandon()
                }
            }
            // Whoever waited there has ended.
            #expect(try await Inheritance.claim(at: path) == nil)
        }
    }
}
