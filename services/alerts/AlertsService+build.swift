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

        let rules = RuleStore(database: database, logger: logger)
        let versions = RuleVersions(redis: redis, logger: logger)
        let alerts = AlertStore(database: database)
        let channels = ChannelStore(database: database, sealer: sealer)
        let notifications = NotificationStore(database: database)
        let evaluations = EvaluationStore(database: database, outbox: outbox, logger: logger)
        let life = AlertLife(alerts: alerts, outbox: outbox, logger: logger)
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
            escalations: EscalationStore(database: database, logger: logger), dispatcher: wake, logger: logger)
        let announcer = AlertAnnouncer(redis: redis, outbox: outbox, dispatcher: wake, logger: logger)
        let windows = MaintenanceWindowStore(database: database, logger: logger)
        let evaluator = Evaluator(
            redis: redis,
            engine: EvaluationEngine(
                redis: redis, keeper: PartitionKeeper(redis: redis, store: evaluations),
                cache: RuleCache(rules: rules, windows: windows, versions: versions), store: evaluations,
                announcer: announcer, logger: logger),
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
        let editor = RuleEditor(
            rules: rules, channels: channels, life: life, versions: versions, announcer: announcer)
        RuleRoutes(rules: rules, editor: editor, idempotency: idempotency).add(to: &routes)
        RuleBulkRoutes(rules: rules, channels: channels, versions: versions).add(to: &routes)
        let test = RuleTest(rules: rules, readings: PastReadings(owner: try base.peer(.readings)))
        RuleTestRoutes(rules: rules, test: test).add(to: &routes)
        let channelEditor = ChannelEditor(
            channels: channels, members: members, mail: mail, versions: versions, sender: sender)
        ChannelRoutes(channels: channels, editor: channelEditor, idempotency: idempotency).add(to: &routes)
        let preferences = PreferenceStore(database: database)
        PreferenceRoutes(preferences: preferences).add(to: &routes)
        let resender = NotificationResender(notifications: notifications, channels: channels, dispatcher: wake)
        NotificationRoutes(notifications: notifications, resender: resender).add(to: &routes)
        AlertRoutes(alerts: alerts).add(to: &routes)
        let actions = AlertActions(alerts: alerts, members: members, life: life, announcer: announcer)
        AlertActionRoutes(actions: actions, idempotency: idempotency).add(to: &routes)
        let maintenance = MaintenanceEditor(windows: windows, versions: versions)
        MaintenanceWindowRoutes(windows: windows, editor: maintenance, idempotency: idempotency).add(to: &routes)
        let forms = FormTokens(keys: base.keyRing)
        let charts = ChartLibrary(logger: logger)
        let pages = try PageRenderer(
            service: environment.service.name,
            templates: Bundle.module.url(forResource: "Templates", withExtension: nil),
            files: Bundle.module.url(forResource: "Static", withExtension: nil), libraries: charts.files, forms: forms)
        let directory = DirectoryStore(database: database)
        AlertPageRoutes(
            pages: AlertPages(
                renderer: pages, alerts: alerts, rules: rules, directory: directory, hasCharts: charts.isInstalled),
            actions: actions
        ).add(to: &routes)
        RulePageRoutes(
            pages: RulePages(
                renderer: pages, rules: rules, directory: directory, hasCharts: charts.isInstalled),
            editor: editor, test: test
        ).add(to: &routes)
        ChannelPageRoutes(renderer: pages, channels: channels, editor: channelEditor, directory: directory)
            .add(to: &routes)
        DeliveryPageRoutes(renderer: pages, notifications: notifications, resender: resender).add(to: &routes)
        PreferencePageRoutes(renderer: pages, preferences: preferences).add(to: &routes)
        MaintenancePageRoutes(renderer: pages, editor: maintenance, directory: directory).add(to: &routes)
        AlertAnalyticsRoutes(statistics: AlertStatisticsStore(database: database)).add(to: &routes)
        SnapshotRoutes(snapshots: SnapshotStore(database: database, logger: logger)).add(to: &routes)

        let http = try HTTPApplication(
            environment, routes: routes, authenticator: base.authenticator(), sessions: try base.sessionRenewal(),
            forms: forms, pages: pages,
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
