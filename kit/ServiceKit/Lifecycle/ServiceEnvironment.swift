import Foundation
import Logging

/// What a service's executable says of itself.
public struct ServiceDescription: Sendable {
    /// The service's name: in logs, in `core.schema_migrations`, and behind `lms-` the executable's.
    public let name: String
    /// Where it listens unless `LMS_HTTP_PORT` says otherwise.
    public let defaultPort: Int
    /// The folder of its migrations; nil for one without a schema.
    public let migrations: URL?

    public init(name: String, defaultPort: Int, migrations: URL? = nil) {
        self.name = name
        self.defaultPort = defaultPort
        self.migrations = migrations
    }
}

/// What a process has before any of its parts is made; the composition root starts from it.
public struct ServiceEnvironment: Sendable {
    public let service: ServiceDescription
    public let configuration: ServiceConfiguration
    public let logger: Logger
    /// What `/metrics` answers.
    public let metrics: PrometheusRegistry
    /// What `/readyz` answers.
    public let health: Health

    public init(
        service: ServiceDescription, configuration: ServiceConfiguration, logger: Logger,
        metrics: PrometheusRegistry = PrometheusRegistry(), health: Health = Health()
    ) {
        self.service = service
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
        self.health = health
    }
}
