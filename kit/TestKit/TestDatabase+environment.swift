import Kernel
import Logging
import ServiceKit
import ServiceLifecycle

extension TestDatabase {
    /// What a service's build function is given: this database, its Redis, any free port, and the shared issuer,
    /// which for other services has nothing to tell.
    ///
    /// - Parameter settings: `LMS_…` settings beyond those.
    public func environment(
        for service: Kernel.Service, _ description: ServiceDescription, settings: [String: String] = [:]
    ) async throws -> ServiceEnvironment {
        let issuer = try await TestIssuer.shared().url
        let base = [
            "LMS_DATABASE_URL": configuration(service).url, "LMS_DATABASE_ROLE_PREFIX": roles.prefix,
            "LMS_REDIS_URL": redisURL, "LMS_SECRET_KEY": encodedSecretKey,
            "LMS_AUTH_URL": issuer, "LMS_DEVICES_URL": issuer, "LMS_READINGS_URL": issuer, "LMS_ALERTS_URL": issuer,
            "LMS_BILLING_URL": issuer, "LMS_HTTP_PORT": "0",
        ]
        var logger = Logger(label: description.name)
        logger.logLevel = .error
        return ServiceEnvironment(
            service: description, configuration: try ServiceConfiguration(base.merging(settings) { $1 }),
            logger: logger)
    }
}

/// Services that run as in a process of their own, until they are stopped or the process ends.
public struct RunningServices: Sendable {
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    public init(_ services: [any ServiceLifecycle.Service], logger: Logger) {
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        self.group = group
        task = Task { try await group.run() }
    }

    /// Shuts them down in order, as a signal does, and waits until they have ended.
    ///
    /// - Throws: what one of them threw.
    public func stop() async throws {
        await group.triggerGracefulShutdown()
        try await task.value
    }
}
