import Foundation
import Glibc
import Logging
import Metrics
import ServiceLifecycle

/// The `main` of a service: arguments, configuration, logs and metrics, then its parts until a signal ends them.
///
/// ```swift
/// @main
/// struct DevicesService {
///     static func main() async {
///         let service = ServiceDescription(
///             name: "devices", defaultPort: 8102, migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))
///         await ServiceMain.run(service, build: buildDevices)
///     }
/// }
/// ```
///
/// The process ends with 0 after a signal or a finished command, 64 for arguments and 78 for a configuration that
/// cannot be used (sysexits(3)), and 1 for anything else, `migrate --check` with differences included.
public enum ServiceMain {
    /// Makes a service's parts, in the order in which they start; they are shut down in the opposite order.
    public typealias Build = @Sendable (ServiceEnvironment) async throws -> [any ServiceLifecycle.Service]

    /// How long a shutdown may take before what still runs is cancelled; Kubernetes kills after 30 s.
    static let gracefulShutdown = Duration.seconds(20)
    /// How long what was cancelled may take before the process is ended.
    static let cancellation = Duration.seconds(5)

    public static func run(
        _ service: ServiceDescription, arguments: [String] = Array(CommandLine.arguments.dropFirst()), build: Build
    ) async -> Never {
        // A peer that has gone is told by write's error; hiredis does not suppress the signal itself.
        signal(SIGPIPE, SIG_IGN)
        do {
            let command = try ServiceCommand(arguments: arguments)
            let configuration = try await ServiceConfiguration.load(defaultPort: service.defaultPort)
            let environment = bootstrap(service, configuration)
            switch command {
            case .serve: try await serve(environment, build)
            case .migrate: try await SchemaCommand(environment).migrate()
            case .checkMigrations: try await SchemaCommand(environment).check()
            }
            exit(EXIT_SUCCESS)
        } catch {
            FileHandle.standardError.write(Data("lms-\(service.name): \(sentence(for: error))\n".utf8))
            exit(exitCode(for: error))
        }
    }

    private static func bootstrap(
        _ service: ServiceDescription, _ configuration: ServiceConfiguration
    ) -> ServiceEnvironment {
        let level = configuration.logLevel
        LoggingSystem.bootstrap(
            { label, provider in
                JSONLogHandler(service: service.name, label: label, logLevel: level, metadataProvider: provider)
            }, metadataProvider: nil)
        let metrics = PrometheusRegistry()
        MetricsSystem.bootstrap(metrics)
        let logger = Logger(label: service.name)
        for key in ServiceConfiguration.unknownKeys(in: ProcessInfo.processInfo.environment) {
            logger.warning("\(key) is set but is no setting of LMS Core; is it misspelt?")
        }
        return ServiceEnvironment(
            service: service, configuration: configuration, logger: logger, metrics: metrics)
    }

    private static func serve(_ environment: ServiceEnvironment, _ build: Build) async throws {
        let services = try await build(environment)
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: environment.logger)
        configuration.maximumGracefulShutdownDuration = gracefulShutdown
        configuration.maximumCancellationDuration = cancellation
        try await ServiceGroup(configuration: configuration).run()
    }

    static func sentence(for error: any Error) -> String {
        let text = String(describing: error)
        return text.last.map { ".?!".contains($0) } == true ? text : text + "."
    }

    static func exitCode(for error: any Error) -> Int32 {
        switch error {
        case is UsageError: 64
        case is ConfigurationError: 78
        default: EXIT_FAILURE
        }
    }
}
