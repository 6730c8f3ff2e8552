import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import ServiceKit
import ServiceLifecycle

extension AlertsService {
    /// Makes everything and wires it up; what comes later in `services` starts later and is shut down earlier.
    ///
    /// - Throws: `ConfigurationError` and what else is wrong with the configuration.
    static func build(
        _ environment: ServiceEnvironment
    ) async throws -> (http: HTTPApplication, services: [any ServiceLifecycle.Service]) {
        let base = try await ServiceBase(environment)
        let (database, redis, logger) = (base.database, base.redis, environment.logger)
        let outbox = Outbox(source: .alerts)
        let sealer = Sealer(keys: base.keyRing)
        let idempotency = Idempotency(table: "alerts.idempotency", database: database, sealer: sealer, logger: logger)

        let rules = RuleStore(database: database)
        let versions = RuleVersions(redis: redis, logger: logger)
        let alerts = AlertStore(database: database)
        let channels = ChannelStore(database: database, sealer: sealer)
        let notifications = NotificationStore(database: database)
        let evaluations = EvaluationStore(database: database, outbox: outbox)
        let life = AlertLife(alerts: alerts, outbox: outbox)
        let members = MemberStore()

        let mail = MailStore(perHour: environment.configuration.alertMailsPerHour)
        let sender = ChannelSender(environment.configuration, client: base.http)
        let wake = DeliveryWake()
        let dispatcher = NotificationDispatcher(
            deliveries: DeliveryStore(database: database, outbox: outbox, mail: mail), channels: channels,
            sender: sender, logger: logger
        ).loop(wake)
        let keeper = NotificationKeeper(database: database, logger: logger)
        let escalation = EscalationKeeper(
            escalations: EscalationStore(database: database), dispatcher: wake, logger: logger)
        let announcer = AlertAnnouncer(redis: redis, outbox: outbox, dispatcher: wake, logger: logger)
        let evaluator = Evaluator(
            redis: redis, keeper: PartitionKeeper(redis: redis, store: evaluations),
            evaluator: BatchEvaluator(
                store: evaluations, rules: RuleCache(rules: rules, versions: versions), announcer: announcer,
                logger: logger),
            logger: logger)
        let removal = OrganizationRemoval(
            table: "alerts.removals", steps: AlertRemoval.parts, database: database, logger: logger)
        let projections = Projections(
            devices: DeviceStore(), members: members, life: life, removal: removal)
        let rebuild = ProjectionRebuild(
            projections.sources(auth: try base.peer(.auth), devices: try base.peer(.devices)),
            database: database, logger: logger, handler: projections.apply)
        environment.health.register("projections", check: rebuild.check)
        let consumer = EventConsumer(
            sources: [.auth, .devices], consumer: .alerts, database: database, redis: redis, logger: logger,
            rebuild: rebuild, handler: projections.apply)

        var routes = RouteTable(TokenAreas(.alerts))
        RuleRoutes(
            rules: rules, channels: channels, life: life, versions: versions, announcer: announcer,
            idempotency: idempotency
        ).add(to: &routes)
        RuleBulkRoutes(rules: rules, channels: channels, versions: versions).add(to: &routes)
        RuleTestRoutes(
            rules: rules, test: RuleTest(rules: rules, readings: PastReadings(owner: try base.peer(.readings)))
        ).add(to: &routes)
        ChannelRoutes(
            channels: channels, members: members, mail: mail, versions: versions, sender: sender,
            idempotency: idempotency
        ).add(to: &routes)
        PreferenceRoutes(preferences: PreferenceStore(database: database)).add(to: &routes)
        NotificationRoutes(notifications: notifications, dispatcher: wake).add(to: &routes)
        AlertRoutes(alerts: alerts).add(to: &routes)
        AlertActionRoutes(
            alerts: alerts, members: members, life: life, announcer: announcer, idempotency: idempotency
        ).add(to: &routes)
        MaintenanceWindowRoutes(
            windows: MaintenanceWindowStore(database: database), versions: versions, idempotency: idempotency
        ).add(to: &routes)
        AlertAnalyticsRoutes(statistics: AlertStatisticsStore(database: database)).add(to: &routes)
        SnapshotRoutes(snapshots: SnapshotStore(database: database)).add(to: &routes)

        let http = try HTTPApplication(
            environment, routes: routes, authenticator: base.authenticator(), sessions: try base.sessionRenewal(),
            forms: FormTokens(keys: base.keyRing),
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"))
        let raiser = SeverityRaiser(life: life, announcer: announcer, logger: logger)
        let relay = OutboxRelay(outbox: outbox, database: database, redis: redis, logger: logger)
        return (
            http,
            try base.services() + [
                relay, dispatcher, keeper, escalation, consumer, removal, evaluator, raiser, idempotency, http,
            ]
        )
    }
}
