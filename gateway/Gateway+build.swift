import Foundation
import Logging
import Metrics
import NIOCore
import NIOPosix
import Redis
import ServiceKit
import ServiceLifecycle

extension Gateway {
    /// The gateway's file and the documentation page.
    static var resources: Bundle { .module }

    /// Makes the parts of the process.
    @Sendable
    static func build(_ environment: ServiceEnvironment) throws -> [any Service] {
        let registry = environment.metrics
        return try build(
            loadFile(environment.configuration), logger: environment.logger, metrics: registry,
            exposition: { registry.exposition() }, redis: redis(environment.configuration),
            accessLog: environment.logger.logLevel <= .info ? AccessLog(descriptor: STDERR_FILENO) : nil)
    }

    /// Reads the gateway's file: the one that `LMS_GATEWAY_FILE` names, else the one that came with the program.
    ///
    /// - Throws: `GatewayFileError`.
    static func loadFile(_ settings: ServiceConfiguration) throws(GatewayFileError) -> GatewayConfiguration {
        let environment = ProcessInfo.processInfo.environment
        let file =
            environment["LMS_GATEWAY_FILE"].map { URL(fileURLWithPath: $0) }
            ?? resources.bundleURL.appendingPathComponent("gateway.yaml")
        do {
            return try GatewayConfiguration(yaml: try String(contentsOf: file, encoding: .utf8)) { name in
                value(of: name, in: settings) ?? environment[name]
            }
        } catch let error as GatewayFileError {
            throw GatewayFileError(file: file.path, line: error.line, message: error.message)
        } catch {
            throw GatewayFileError(file: file.path, line: nil, message: "cannot be read")
        }
    }

    /// The settings that all executables share may also stand in the file that `LMS_CONFIG_FILE` names.
    private static func value(of name: String, in settings: ServiceConfiguration) -> String? {
        switch name {
        case "LMS_HTTP_HOST": settings.httpHost
        case "LMS_HTTP_PORT": String(settings.httpPort)
        default:
            PeerService.allCases.first { $0.key == name }
                .flatMap { try? settings.urls(of: $0) }?.map(\.absoluteString).joined(separator: ",")
        }
    }

    /// Makes everything that serves what `configuration` says.
    ///
    /// - Parameters:
    ///   - metrics: where the gateway's instruments are made.
    ///   - exposition: what `/metrics` answers.
    ///   - redis: where gateways share their limits; nil where each has its own.
    ///   - accessLog: takes a line for each request; nil for none.
    ///   - onListening: told the ports once requests are taken; that of TLS is nil where there is none.
    static func build(
        _ configuration: GatewayConfiguration, group: MultiThreadedEventLoopGroup = .singleton, logger: Logger,
        metrics factory: any MetricsFactory, exposition: @escaping @Sendable () -> String,
        redis: RedisConfiguration? = nil, accessLog: AccessLog?,
        onListening: @escaping @Sendable (_ port: Int, _ adminPort: Int, _ tlsPort: Int?) -> Void = { _, _, _ in }
    ) throws -> [any Service] {
        let names = configuration.upstreams.map(\.name)
        let directory = UpstreamDirectory(configuration.upstreams)
        let health = HealthBoard()
        let metrics = GatewayMetrics(names: names, factory: factory)
        let document = OpenAPIDocument(services: names)
        let endpoints = OwnEndpoints(
            names: names, health: health, metrics: metrics, exposition: exposition, document: document,
            page: try DocsPage(resources: resources))
        let limits = makeLimits(
            configuration, redis: redis, directory: directory,
            probe: Probe(group: group, timeout: configuration.healthChecks.timeout), metrics: factory, logger: logger)
        let core = GatewayCore(
            configuration: configuration, admission: limits.admission, directory: directory,
            endpoints: endpoints, metrics: metrics, accessLog: accessLog)
        let monitor = HealthMonitor(
            groups: configuration.upstreams, checks: configuration.healthChecks, directory: directory, board: health,
            group: group, logger: logger)
        let refresher = OpenAPIRefresher(
            services: names, directory: directory, document: document,
            probe: Probe(group: group, timeout: configuration.healthChecks.timeout), logger: logger)
        let router = try Router(configuration.routes)
        let contexts = try configuration.tls.map { try TLSContexts($0) }
        let server = ProxyServer(
            core: core, group: group,
            site: Site(router: router, isPublic: true, securePort: configuration.tls?.redirectPort),
            adminSite: Site(router: try Router(try adminRoutes()), isPublic: false),
            secure: contexts.map { (Site(router: router, isPublic: true), $0) }, logger: logger,
            onListening: onListening)
        let watch = contexts.map {
            CertificateWatch(contexts: $0, interval: $0.settings.reloadInterval, logger: logger)
        }
        // The last one is the first to stop.
        let maintenance = MaintenanceWatch(maintenance: core.maintenance, logger: logger)
        return limits.services + [monitor, refresher, maintenance] + (watch.map { [$0] } ?? []) + [server]
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
