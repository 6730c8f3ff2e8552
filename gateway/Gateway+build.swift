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
        let defaultPort = environment.service.defaultPort
        let (requests, reload) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let services = try build(
            loadFile(environment.configuration), logger: environment.logger, metrics: registry,
            exposition: { registry.exposition() }, redis: redis(environment.configuration),
            accessLog: environment.logger.logLevel <= .info ? AccessLog(descriptor: STDERR_FILENO) : nil,
            reloads: Reloads(requests: requests) { try await readFile(defaultPort: defaultPort) },
            onHandover: { kill(getpid(), SIGTERM) })
        return [HangupSignal(reload: reload)] + services
    }

    /// Reads the settings and the gateway's file.
    ///
    /// - Throws: `GatewayFileError`, `ConfigurationError`.
    static func readFile(defaultPort: Int) async throws -> GatewayConfiguration {
        try loadFile(try await ServiceConfiguration.load(defaultPort: defaultPort))
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
            var error = error
            error.file = file.path
            throw error
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
    ///   - reloads: when the file is to be read again, and how; nil for never.
    ///   - onListening: told the ports once requests are taken; that of TLS is nil where there is none.
    ///   - onHandover: called when another gateway has taken the listeners over; stops this one.
    static func build(
        _ configuration: GatewayConfiguration, group: MultiThreadedEventLoopGroup = .singleton, logger: Logger,
        metrics factory: any MetricsFactory, exposition: @escaping @Sendable () -> String,
        redis: RedisConfiguration? = nil, accessLog: AccessLog?, reloads: Reloads? = nil,
        onListening: @escaping @Sendable (_ port: Int, _ adminPort: Int, _ tlsPort: Int?) -> Void = { _, _, _ in },
        onHandover: @escaping @Sendable () -> Void = {}
    ) throws -> [any Service] {
        let directory = UpstreamDirectory(configuration.upstreams)
        let health = HealthBoard()
        let metrics = GatewayMetrics(factory: factory)
        let current = CurrentGeneration(try Generation(configuration, metrics: metrics))
        let document = OpenAPIDocument(services: configuration.upstreams.map(\.name))
        let endpoints = OwnEndpoints(
            health: health, metrics: metrics, exposition: exposition, document: document,
            page: try DocsPage(resources: resources))
        let limits = makeLimits(
            current, redis: redis, directory: directory,
            probe: Probe(group: group, timeout: configuration.healthChecks.timeout), metrics: factory, logger: logger)
        let core = GatewayCore(
            current: current, admission: limits.admission, directory: directory, endpoints: endpoints,
            metrics: metrics, operators: Site(router: try Router(try adminRoutes()), isPublic: false),
            accessLog: accessLog)
        let monitor = HealthMonitor(
            current: current, directory: directory, board: health, resolver: HostResolver(group: group), group: group,
            logger: logger)
        let refresher = OpenAPIRefresher(
            current: current, directory: directory, document: document, group: group, logger: logger)
        let contexts = try configuration.tls.map { try TLSContexts($0) }
        let server = ProxyServer(
            core: core, group: group, contexts: contexts, logger: logger, onListening: onListening,
            onHandover: onHandover, check: { await monitor.check(current.value) })
        let watch = contexts.map {
            CertificateWatch(contexts: $0, interval: $0.settings.reloadInterval, logger: logger)
        }
        let reload = reloads.map { reloads in
            ConfigurationReload(
                reloads: reloads, started: configuration, core: core, monitor: monitor,
                metrics: ReloadMetrics(factory: factory, current.value), logger: logger)
        }
        // The last one is the first to stop.
        let maintenance = MaintenanceWatch(current: current, logger: logger)
        return limits.services + [monitor, refresher, maintenance] + (watch.map { [$0] } ?? [])
            + (reload.map { [$0] } ?? []) + [server]
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
