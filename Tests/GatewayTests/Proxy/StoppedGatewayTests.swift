import Logging
import Metrics
import NIOPosix
import ServiceLifecycle
import TestKit
import Testing

@testable import Gateway

@Suite("A gateway that has stopped")
struct StoppedGatewayTests {
    private final class Remains: Sendable {
        /// Set once, before anybody else looks.
        nonisolated(unsafe) weak var core: GatewayCore?
    }

    @Test("Nothing of it is kept, its tables least of all")
    func memory() async throws {
        let remains = Remains()
        try await Self.runOnce(remains)
        try await eventually { remains.core == nil }
    }

    private static func runOnce(_ remains: Remains) async throws {
        let logger = Logger(label: "gateway") { _ in SwiftLogNoOpLogHandler() }
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let services = try Gateway.build(
            TestFile(port: 1).load(), logger: logger, metrics: NOOPMetricsHandler.instance, exposition: { "" },
            accessLog: nil, onListening: { _, _, _ in start.finish() })
        let server = try #require(services.lazy.compactMap { $0 as? ProxyServer }.first)
        remains.core = server.core
        let group = ServiceGroup(services: services, logger: logger)
        async let end: Void = group.run()
        for await _ in started {}
        await group.triggerGracefulShutdown()
        try await end
    }
}
