import Foundation
import Logging
import Metrics
import NIOCore
import NIOPosix
import Redis
import ServiceKit
import ServiceLifecycle
import Synchronization
import TestKit

@testable import Gateway

/// A gateway of a test's own, in front of the test's own service.
struct TestGateway: Sendable {
    let port: Int
    let adminPort: Int
    /// That of TLS; 0 without.
    let tlsPort: Int
    private let group: ServiceGroup

    /// Runs `body` while a gateway serves `configuration`.
    static func with<Result: Sendable>(
        _ configuration: GatewayConfiguration, redis: RedisConfiguration? = nil, accessLog: AccessLog? = nil,
        reloads: Reloads? = nil, metrics: PrometheusRegistry? = nil, log: RecordedLog? = nil,
        group loops: MultiThreadedEventLoopGroup = .singleton,
        _ body: @escaping @Sendable (TestGateway) async throws -> Result
    ) async throws -> Result {
        let (ports, listening) = AsyncStream.makeStream(of: (Int, Int, Int).self)
        let logger = log?.logger ?? Logger(label: "gateway") { _ in SwiftLogNoOpLogHandler() }
        let (handovers, handover) = AsyncStream.makeStream(of: Void.self)
        let services = try Gateway.build(
            configuration, group: loops, logger: logger, metrics: metrics ?? NOOPMetricsHandler.instance,
            exposition: { "" }, redis: redis, accessLog: accessLog, reloads: reloads,
            onListening: { listening.yield(($0, $1, $2 ?? 0)) }, onHandover: { handover.yield() })
        let group = ServiceGroup(services: services, logger: logger)
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                // As the signal does that a process sends itself.
                for await _ in handovers { await group.triggerGracefulShutdown() }
                return nil
            }
            tasks.addTask {
                guard let (port, adminPort, tlsPort) = await ports.first(where: { _ in true }) else { return nil }
                return try await body(TestGateway(port: port, adminPort: adminPort, tlsPort: tlsPort, group: group))
            }
            var result: Result?
            while result == nil, let next = try await tasks.next() { result = next }
            await group.triggerGracefulShutdown()
            handover.finish()
            try await tasks.waitForAll()
            guard let result else { throw CancellationError() }
            return result
        }
    }

    /// Tells the gateway to stop, as SIGTERM does.
    func stop() async { await group.triggerGracefulShutdown() }

    /// Connects to the gateway.
    func connect<Result>(_ body: (inout RawConnection) async throws -> Result) async throws -> Result {
        try await RawConnection.to(port: port, body)
    }

    /// Sends one request on a connection of its own.
    func request(_ text: String) async throws -> RawMessage {
        try await connect { connection in
            try await connection.send(text)
            return try await connection.message()
        }
    }

    func get(_ path: String) async throws -> RawMessage {
        try await request("GET \(path) HTTP/1.1\r\nHost: lms\r\nConnection: close\r\n\r\n")
    }
}

/// The gateway's file for tests: a few routes to one service, short times.
struct TestFile {
    var upstream: [Int]
    /// Other upstreams, with two spaces before each; they stand before `service`.
    var upstreams = ""
    /// The settings of the section `tls`, with six spaces before each.
    var tls: String?
    var listenHost = "127.0.0.1"
    var clients = ""
    /// Bursts of requests.
    var limits = (address: 1_000_000, credential: 1_000_000, signIn: 1_000_000)
    /// What comes back of each a second; little where a test counts, however long it takes for that.
    var limitRate = 1.0
    var health = "  interval: 200ms\n  timeout: 5s"
    var defaults = "  response_timeout: 20s"
    var routes = ""
    var settings = ""

    /// A file in front of a service on `port`.
    init(port: Int) { upstream = [port] }

    func load() throws -> GatewayConfiguration {
        let addresses = upstream.map { "http://127.0.0.1:\($0)" }.joined(separator: ",")
        let yaml = """
            listen:
              host: \(listenHost)
              port: 0
            \(tls.map { "  tls:\n\($0)" } ?? "")
            admin:
              host: 127.0.0.1
              port: 0
            clients:
              connections: 1000
            \(clients)
            upstreams:
            \(upstreams)
              service: \(addresses)
            limits:
              capacity: 1024
              address:
                rate: \(limitRate)
                burst: \(limits.address)
              credential:
                rate: \(limitRate)
                burst: \(limits.credential)
              sign_in:
                rate: \(limitRate)
                burst: \(limits.signIn)
            health:
            \(health)
            drain_timeout: 5s
            \(settings)
            defaults:
            \(defaults)
            routes:
              - path: /healthz
                answer: alive
                limit: none
              - path: /api/v1/system/health
                answer: health
                limit: none
              - path: /metrics.json
                answer: metrics
              - path: /api/v1/openapi.json
                answer: openapi
              - path: /items/*
                upstream: service
              - path: /short
                upstream: service
                body_limit: 100
              - path: /repeatable
                upstream: service
                repeatable: true
              - path: /login
                upstream: service
                limit: sign-in
              - path: /ws
                upstream: service
                upgrade: true
              - path: /api/v1/{token:lms_dev_*}/telemetry
                upstream: service
            \(routes)
            """
        return try GatewayConfiguration(yaml: yaml) { _ in nil }
    }
}
