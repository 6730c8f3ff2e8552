import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
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

    static func configuration(port: Int, upstream: Int, at path: String) throws -> GatewayConfiguration {
        var configuration = try TestFile(port: upstream).load()
        configuration.listener.port = port
        configuration.handover = path
        return configuration
    }

    static func withPath<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        // The path of a UNIX socket has 107 bytes at most.
        let path = "/tmp/lms-handover-\(UInt32.random(in: .min ... .max))"
        defer {
            // That of one that has ended before it was ready stays, too.
            for path in [path, path + ".next"] { try? FileManager.default.removeItem(atPath: path) }
        }
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
            } catch  where !tally.isOver.load(ordering: .relaxed) {
                tally.failures.withLock { $0.append("\(error)") }
            } catch {}
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
            try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                try await client.request(1)
                #expect(try await client.response(1).status == 200)
            }
            guard count > 1 else { return }
            var next = configuration
            next.listener.port = gateway.port
            next.tls?.listener.port = gateway.tlsPort
            try await follow(count - 1, next, ports: (gateway.port, gateway.tlsPort))
        }
    }

    @Test("A listener with another address in the new file is opened anew, and the old one is no more")
    func otherAddress() async throws {
        try await Self.withPath { path in
            try await RawServer.with(RawServer.echo) { server in
                let first = try Self.configuration(port: 0, upstream: server.port, at: path)
                try await TestGateway.with(first) { gateway in
                    var second = try Self.configuration(port: gateway.port, upstream: server.port, at: path)
                    second.listener.host = "127.0.0.2"
                    try await TestGateway.with(second) { other in
                        let client = TestHTTPClient(host: "127.0.0.2", port: gateway.port)
                        #expect(other.port == gateway.port)
                        let answer = try await client.get("/items/1")
                        #expect(answer.status == 200)
                        await #expect(throws: (any Error).self) { try await gateway.get("/items/1") }
                    }
                }
            }
        }
    }

    @Test("A gateway that cannot listen where its file says leaves the listeners to the one that runs")
    func addressInUse() async throws {
        try await Self.withPath { path in
            try await RawServer.with(RawServer.echo) { server in
                let first = try Self.configuration(port: 0, upstream: server.port, at: path)
                try await TestGateway.with(first) { gateway in
                    let second = try Self.configuration(port: server.port, upstream: server.port, at: path)
                    await #expect(throws: CannotListen.self) { try await TestGateway.with(second) { _ in } }
                    for _ in 0..<20 { #expect(try await gateway.get("/items/1").status == 200) }
                    // Until the gateway has noticed, it refuses others.
                    let next = try await eventually { try await Inheritance.claim(at: path) }
                    next.abandon()
                }
            }
        }
    }

    @Test("A gateway that is told to stop while it gets ready leaves the listeners to the one that runs")
    func stoppedWhileGettingReady() async throws {
        let tally = Tally()
        try await Self.withPath { path in
            try await RawServer.with(RawServer.echo) { server in
                let first = try Self.configuration(port: 0, upstream: server.port, at: path)
                try await TestGateway.with(first) { gateway in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for _ in 0..<4 { tasks.addTask { await Self.load(gateway.port, tally) } }
                        defer { tally.isOver.store(true, ordering: .relaxed) }
                        try await Self.wait(for: 100, tally)
                        let second = try Self.configuration(port: gateway.port, upstream: server.port, at: path)
                        try await Self.stop(second) { try await Self.wait(for: 100, tally) }
                        try await Self.wait(for: 100, tally)
                        tally.isOver.store(true, ordering: .relaxed)
                        try await tasks.waitForAll()
                    }
                    // Until the gateway has noticed, it refuses others.
                    let next = try await eventually { try await Inheritance.claim(at: path) }
                    next.abandon()
                }
            }
        }
        #expect(tally.failures.withLock { $0 } == [])
    }

    /// Waits until so many more requests are answered.
    private static func wait(for count: Int, _ tally: Tally) async throws {
        let goal = tally.answered.load(ordering: .relaxed) + count
        try await eventually(within: .seconds(60)) { tally.answered.load(ordering: .relaxed) >= goal }
    }

    /// Runs a gateway that is told to stop while it looks how the services are, and `body` before that.
    private static func stop(
        _ configuration: GatewayConfiguration, while body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let logger = Logger(label: "gateway") { _ in SwiftLogNoOpLogHandler() }
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { loop.shutdownGracefully { _ in } }
        let (checks, check) = AsyncStream.makeStream(of: Void.self)
        let server = ProxyServer(
            core: try TestWorker.core(configuration), group: loop, contexts: nil, logger: logger,
            onListening: { _, _, _ in Issue.record("it listens") },
            check: {
                check.yield()
                try? await gracefulShutdown()
            })
        let group = ServiceGroup(services: [server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await _ in checks { break }
                try await body()
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }
}
