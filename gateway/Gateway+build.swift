import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

extension Gateway {
    /// Reads the gateway's file: the one that `LMS_GATEWAY_FILE` names, else the one that came with the program.
    ///
    /// - Throws: `ConfigurationError`.
    static func loadConfiguration(environment: [String: String]) throws(ConfigurationError) -> GatewayConfiguration {
        let file =
            environment["LMS_GATEWAY_FILE"].map { URL(fileURLWithPath: $0) }
            ?? Bundle.module.bundleURL.appendingPathComponent("gateway.yaml")
        let yaml: String
        do { yaml = try String(contentsOf: file, encoding: .utf8) } catch {
            throw ConfigurationError(line: nil, message: "\(file.path) cannot be read")
        }
        do {
            return try GatewayConfiguration(yaml: yaml) { environment[$0] }
        } catch {
            throw ConfigurationError(line: error.line, message: "\(file.path): \(error.message)")
        }
    }

    /// Makes everything that serves.
    ///
    /// - Parameters:
    ///   - accessLog: takes whole lines.
    ///   - onListening: told the ports once requests are taken.
    static func build(
        _ configuration: GatewayConfiguration, group: MultiThreadedEventLoopGroup, logger: Logger,
        accessLog: @escaping @Sendable (ByteBuffer) -> Void,
        onListening: @escaping @Sendable (_ port: Int, _ adminPort: Int) -> Void = { _, _ in }
    ) throws -> [any Service] {
        let names = configuration.upstreams.map(\.name)
        let directory = UpstreamDirectory(configuration.upstreams)
        let health = HealthBoard()
        let board = MetricsBoard(groups: names.count)
        let document = OpenAPIDocument(services: names)
        let endpoints = OwnEndpoints(
            names: names, health: health, metrics: board, document: document,
            page: try DocsPage(resources: .module))
        let core = GatewayCore(
            configuration: configuration, limiter: RateLimiter(configuration.limits), directory: directory,
            endpoints: endpoints, board: board, accessLog: AccessLog(sink: accessLog))
        let server = ProxyServer(
            core: core, group: group, site: Site(router: try Router(configuration.routes), isPublic: true),
            adminSite: Site(router: try Router(try adminRoutes()), isPublic: false), logger: logger,
            onListening: onListening)
        let monitor = HealthMonitor(
            groups: configuration.upstreams, checks: configuration.healthChecks, directory: directory, board: health,
            group: group, logger: logger)
        let refresher = OpenAPIRefresher(
            services: names, directory: directory, document: document,
            probe: Probe(group: group, timeout: configuration.healthChecks.timeout), logger: logger)
        return [monitor, refresher, server]
    }

    /// Serves until SIGTERM or SIGINT.
    static func run(_ configuration: GatewayConfiguration) async throws {
        let logger = Logger(label: "gateway")
        let group = MultiThreadedEventLoopGroup.singleton
        let services = try build(configuration, group: group, logger: logger) { StandardOutput.write($0) }
        let serviceGroup = ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await serviceGroup.run()
    }

    private static func adminRoutes() throws -> [Route] {
        let endpoints: [(String, OwnEndpoint)] = [("/livez", .alive), ("/readyz", .ready), ("/metrics", .prometheus)]
        return try endpoints.map { path, endpoint in
            Route(
                pattern: try RoutePattern(path), methods: [HTTPMethods(.get), HTTPMethods(.head)],
                destination: .own(endpoint),
                timeouts: RouteTimeouts(connect: .seconds(2), response: .seconds(30), idle: .seconds(60)),
                bodyLimit: 1 << 10, limit: .none)
        }
    }
}

/// Standard output.
enum StandardOutput {
    /// Writes whole lines; several threads' lines do not mix.
    static func write(_ lines: ByteBuffer) {
        lock.withLock { _ in
            lines.withUnsafeReadableBytes { bytes in
                var written = 0
                while written < bytes.count {
                    let count = Glibc.write(
                        STDOUT_FILENO, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                    guard count > 0 || errno == EINTR else { return }
                    written += max(0, count)
                }
            }
        }
    }

    private static let lock = Mutex(())
}
