import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

extension DevicesService {
    /// Makes everything and wires it up; what comes later in `services` starts later and is shut down earlier.
    ///
    /// - Throws: `ConfigurationError` and what else is wrong with the configuration.
    static func build(
        _ environment: ServiceEnvironment
    ) async throws -> (http: HTTPApplication, waiters: PollWaiters, services: [any ServiceLifecycle.Service]) {
        let base = try await ServiceBase(environment)
        let (database, redis, logger) = (base.database, base.redis, environment.logger)

        let outbox = Outbox(source: .devices)
        let ledger = Ledger(outbox: outbox)
        let devices = DeviceStore(database: database, ledger: ledger)
        let keys = DeviceKeyStore(database: database, ledger: ledger)
        let revocations = KeyRevocationStore(database: database, logger: logger)
        let configs = ConfigStore(database: database, ledger: ledger)
        let commands = CommandStore(database: database, ledger: ledger, devices: devices)
        let queue = CommandQueue(database: database, ledger: ledger)
        let fleet = ProvisioningKeyStore(database: database, ledger: ledger)
        let claims = ClaimStore(database: database, ledger: ledger, devices: devices)
        let statuses = StatusStore(database: database, ledger: ledger)
        let logs = LogStore(database: database, partitions: LogPartitions(database: database))
        let firmware = FirmwareStore(database: database, ledger: ledger)
        let uploads = FirmwareUploads(database: database, ledger: ledger)
        let idempotency = Idempotency(
            table: "devices.idempotency", database: database, sealer: Sealer(keys: base.keyRing),
            logger: logger)

        let removal = OrganizationRemoval(
            table: "devices.removals", steps: DeviceStore.parts, database: database, logger: logger)

        let waiters = PollWaiters(metrics: environment.metrics)
        let announcer = Announcer(outbox: outbox, redis: redis, waiters: waiters, logger: logger)
        let liveness = LivenessWriter(store: statuses, announcer: announcer, logger: logger)
        let holders = BatchedLookup(read: keys.find)
        let authenticator = try base.authenticator(deviceKeys: holders.cache)
        let delivery = CommandDelivery(
            queue: queue, waiters: waiters, announcer: announcer, authenticator: authenticator)

        let access = DeviceAccess(devices: devices)
        var routes = RouteTable(TokenAreas(.devices))
        DeviceRoutes(devices: devices, access: access, idempotency: idempotency, announcer: announcer)
            .add(to: &routes)
        AdminDeviceRoutes(devices: devices).add(to: &routes)
        DeviceImportRoutes(
            imports: DeviceImportStore(ledger: ledger, devices: devices), idempotency: idempotency, announcer: announcer
        ).add(to: &routes)
        KeyRoutes(
            keys: keys, holders: holders, revocations: revocations, access: access, idempotency: idempotency,
            announcer: announcer
        ).add(to: &routes)
        let descriptions = ConfigDescriptionStore(database: database, ledger: ledger)
        ProvisioningKeyRoutes(keys: fleet, descriptions: descriptions, idempotency: idempotency).add(to: &routes)
        let provisioning = BoardProvisioning(
            keys: fleet, provisions: ProvisionStore(ledger: ledger, devices: devices, keys: keys),
            idempotency: idempotency, announcer: announcer)
        ProvisionRoutes(
            provisioning: provisioning, records: ProvisionRecordStore(database: database), access: access
        ).add(to: &routes)
        ClaimRoutes(claims: claims, access: access, idempotency: idempotency, announcer: announcer).add(to: &routes)
        SnapshotRoutes(snapshots: SnapshotStore(database: database, ledger: ledger)).add(to: &routes)
        let intake = StatusIntake(
            agendas: BatchedLookup(read: statuses.agendas), configs: configs, liveness: liveness)
        StatusRoutes(intake: intake, access: access).add(to: &routes)
        ConfigRoutes(configs: configs, descriptions: descriptions, access: access, announcer: announcer)
            .add(to: &routes)
        ConfigDescriptionRoutes(descriptions: descriptions).add(to: &routes)
        LogRoutes(logs: logs, access: access, idempotency: idempotency, liveness: liveness).add(to: &routes)
        HealthRoutes(health: HealthStore(database: database), access: access).add(to: &routes)
        let templates = CommandTemplateStore(database: database, ledger: ledger)
        CommandTemplateRoutes(templates: templates, idempotency: idempotency).add(to: &routes)
        let forms = FormTokens(keys: base.keyRing)
        let charts = ChartLibrary(logger: logger)
        let pages = try PageRenderer(
            service: environment.service.name,
            templates: Bundle.module.url(forResource: "Templates", withExtension: nil),
            files: Bundle.module.url(forResource: "Static", withExtension: nil), libraries: charts.files, forms: forms)
        let devicePages = DevicePages(
            renderer: pages, access: access, health: HealthStore(database: database), configs: configs,
            commands: commands, logs: logs, hasCharts: charts.isInstalled)
        DevicePageRoutes(pages: devicePages, devices: devices, announcer: announcer).add(to: &routes)
        DeviceControlRoutes(pages: devicePages, descriptions: descriptions, keys: keys, announcer: announcer)
            .add(to: &routes)
        NewDeviceRoutes(
            renderer: pages, devices: devices, announcer: announcer, site: environment.configuration.publicURL
        ).add(to: &routes)
        CommandRoutes(
            commands: commands, templates: templates, firmware: firmware, access: access, idempotency: idempotency,
            announcer: announcer
        ).add(to: &routes)
        BulkCommandRoutes(
            bulks: BulkCommandStore(database: database, ledger: ledger), templates: templates, idempotency: idempotency
        ).add(to: &routes)
        DeviceCommandRoutes(
            commands: commands, delivery: delivery, access: access, liveness: liveness, announcer: announcer
        ).add(to: &routes)

        FirmwareRoutes(firmware: firmware, uploads: uploads, idempotency: idempotency).add(to: &routes)
        DeviceFirmwareRoutes(
            firmware: firmware,
            updates: FirmwareUpdateStore(database: database, ledger: ledger, devices: devices), access: access,
            liveness: liveness, announcer: announcer
        ).add(to: &routes)
        ThingsBoardAttributeRoutes(
            configs: configs,
            delivery: ConfigDelivery(configs: configs, waiters: waiters, authenticator: authenticator),
            firmware: firmware, devices: devices, liveness: liveness
        ).add(to: &routes)
        ThingsBoardRPCRoutes(commands: commands, delivery: delivery, liveness: liveness, announcer: announcer)
            .add(to: &routes)
        ThingsBoardFirmwareRoutes(firmware: firmware, devices: devices, liveness: liveness).add(to: &routes)
        ThingsBoardProvisionRoutes(provisioning: provisioning).add(to: &routes)

        let application = EventApplication(
            devices: devices, provisioningKeys: fleet, removal: removal, limits: LimitStore(), redis: redis)
        let rebuild = ProjectionRebuild(
            application.sources(auth: try base.peer(.auth), billing: try base.peer(.billing)),
            database: database, logger: logger, handler: application.apply)

        let http = try HTTPApplication(
            environment,
            direct: [
                DirectHeartbeats(intake: intake, authenticator: authenticator),
                DirectPolls(delivery: delivery, liveness: liveness),
            ],
            routes: routes, authenticator: authenticator, sessions: try base.sessionRenewal(), forms: forms,
            pages: pages,
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"))
        let services: [any ServiceLifecycle.Service] = [
            OutboxRelay(outbox: outbox, database: database, redis: redis, logger: logger),
            EventConsumer(
                sources: [.auth, .billing, .devices], types: EventApplication.types, consumer: .devices,
                database: database, redis: redis, logger: logger, rebuild: rebuild, handler: application.apply),
            liveness,
            TelemetryFollower(liveness: liveness, redis: redis, logger: logger),
            PollWaker(waiters: waiters, queue: queue, configs: configs, redis: redis, logger: logger),
            Sweeper(commands: queue, statuses: statuses, announcer: announcer, logger: logger),
            BulkWorker(work: BulkWork(database: database, ledger: ledger), announcer: announcer, logger: logger),
            HistoryKeeper(
                logs: logs, statuses: StatusHistory(database: database), uploads: uploads, logger: logger),
            removal,
            idempotency,
            revocations,
            http,
        ]
        return (http, waiters, try base.services() + services)
    }
}
