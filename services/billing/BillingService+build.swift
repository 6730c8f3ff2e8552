import EventBus
import Foundation
import HTTPKit
import Kernel
import ServiceKit
import ServiceLifecycle

extension BillingService {
    /// Makes everything and wires it up; what comes later in `services` starts later and is shut down earlier.
    ///
    /// - Throws: `ConfigurationError` and what else is wrong with the configuration.
    static func build(
        _ environment: ServiceEnvironment
    ) async throws -> (http: HTTPApplication, services: [any ServiceLifecycle.Service]) {
        let base = try await ServiceBase(environment)
        let (database, redis, logger) = (base.database, base.redis, environment.logger)
        let outbox = Outbox(source: .billing)

        let subscriptions = SubscriptionStore(database: database, outbox: outbox)
        let rates = RequestRates(redis: redis)
        let usage = UsageStore(database: database)
        let removal = OrganizationRemoval(
            table: "billing.removals", steps: OrganizationStore.parts + [rates.removal], database: database,
            logger: logger)
        let projections = Projections(
            organizations: OrganizationStore(removal: removal), subscriptions: subscriptions, devices: DeviceStore(),
            usage: usage)
        let rebuild = ProjectionRebuild(
            projections.sources(auth: try base.peer(.auth), devices: try base.peer(.devices)),
            database: database, logger: logger, handler: projections.apply)
        environment.health.register("projections", check: rebuild.check)
        let consumer = EventConsumer(
            sources: [.auth, .devices, .readings, .alerts], consumer: .billing, database: database, redis: redis,
            logger: logger, rebuild: rebuild, gathering: .milliseconds(250), handler: projections.apply)
        let relay = OutboxRelay(outbox: outbox, database: database, redis: redis, logger: logger)

        var routes = RouteTable(TokenAreas(.billing))
        BillingRoutes(plans: PlanStore(database: database), subscriptions: subscriptions, usage: usage)
            .add(to: &routes)
        SnapshotRoutes(subscriptions: subscriptions).add(to: &routes)
        let http = try HTTPApplication(
            environment, routes: routes, authenticator: base.authenticator(), sessions: try base.sessionRenewal(),
            forms: FormTokens(keys: base.keyRing),
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"))
        let announcer = LimitAnnouncer(subscriptions: subscriptions, rates: rates, logger: logger)
        let housekeeping = Housekeeping(usage: usage, logger: logger)
        return (http, try base.services() + [relay, consumer, removal, announcer, housekeeping, http])
    }
}
