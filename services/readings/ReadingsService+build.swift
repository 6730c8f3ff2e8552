import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

extension ReadingsService {
    /// Makes everything and wires it up; what comes later in `services` starts later and is shut down earlier.
    ///
    /// - Parameter answers: How long expensive answers are kept; with zero each is computed.
    /// - Throws: `ConfigurationError` and what else is wrong with the configuration.
    static func build(
        _ environment: ServiceEnvironment, keepingAnswersFor answers: Duration = AnswerCache.lifetime
    ) async throws -> (http: HTTPApplication, services: [any ServiceLifecycle.Service]) {
        let base = try await ServiceBase(environment)
        let logger = environment.logger

        let devices = DeviceStore(database: base.database)
        // Ingest waits for nobody else's transaction.
        var flushing = base.database.configuration
        (flushing.pipelinedConnections, flushing.maximumLeases) = (0, Batcher.flushers)
        let flushes = PostgresClient(flushing)
        let readings = ReadingStore(database: base.database, flushes: flushes)
        let series = SeriesStore(database: base.database)
        let answerStore = AnswerStore(redis: base.redis, lifetime: answers)
        let renewal = AnswerRenewal(store: answerStore, logger: logger)
        let publisher = BatchPublisher(redis: base.redis, renewal: renewal, logger: logger)
        let usage = UsageMeter(store: UsageStore(database: base.database), logger: logger)
        let batcher = Batcher(store: readings, publisher: publisher, usage: usage, logger: logger)
        let relay = BatchRelay(
            store: readings, leftovers: LeftoverBatches(database: base.database), publisher: publisher,
            database: base.database, logger: logger)
        let removal = OrganizationRemoval(
            table: "readings.removals", steps: ReadingRemoval.parts, database: base.database, logger: logger)
        let projection = DeviceProjection(devices: devices, removal: removal)
        let rebuild = ProjectionRebuild(
            projection.sources(auth: try base.peer(.auth), devices: try base.peer(.devices)),
            database: base.database, logger: logger, handler: projection.apply)
        environment.health.register("projections", check: rebuild.check)
        let consumer = EventConsumer(
            sources: [.auth, .devices], consumer: .readings, database: base.database, redis: base.redis,
            logger: logger, rebuild: rebuild, handler: projection.apply)
        let limits = LimitProjection(limits: LimitStore())
        let limitConsumer = EventConsumer(
            sources: [.billing], types: LimitProjection.types, consumer: .readings, database: base.database,
            redis: base.redis, logger: logger,
            rebuild: ProjectionRebuild(
                limits.sources(billing: try base.peer(.billing)), database: base.database, logger: logger,
                handler: limits.apply),
            handler: limits.apply)
        let limitRenewal = LimitRenewal(
            projection: limits, billing: try base.peer(.billing), database: base.database, logger: logger)

        var routes = RouteTable(TokenAreas(.readings))
        let ingest = Ingest(
            series: SeriesDirectory(store: series), batcher: batcher, usage: usage)
        let ingestRoutes = IngestRoutes(ingest: ingest)
        ingestRoutes.add(to: &routes)
        TelemetryRoutes(ingest: ingest).add(to: &routes)
        ManyDevicesRoutes(ingest: ingest, devices: devices).add(to: &routes)
        ImportRoutes(ingest: ingest, devices: devices).add(to: &routes)
        let reads = LongReads(base.database.configuration, atOnce: 8)
        let analysis = ReadingAnalysis(reads: reads)
        QueryRoutes(queries: ReadingQueries(reads: reads), analysis: analysis, devices: devices).add(to: &routes)
        let cache = AnswerCache(store: answerStore, logger: logger)
        AnalysisRoutes(analysis: analysis, devices: devices, answers: cache).add(to: &routes)
        AnalyticsRoutes(analysis: analysis, answers: cache).add(to: &routes)
        SensorTypeRoutes(analysis: analysis).add(to: &routes)
        let ledger = Ledger(outbox: Outbox(source: .readings))
        DeletionRoutes(
            deletions: ReadingDeletions(database: base.database, ledger: ledger), devices: devices, renewal: renewal
        ).add(to: &routes)
        RetentionRoutes(
            retentions: RetentionStore(database: base.database, ledger: ledger), devices: devices
        ).add(to: &routes)
        let exports = LongReads(base.exportDatabase, atOnce: ReadingExport.maximumUnderWay)
        ExportRoutes(export: ReadingExport(exports, primary: base.database, ledger: ledger)).add(to: &routes)
        ReplayRoutes(replay: ReadingReplay(reads: reads)).add(to: &routes)

        let lookup = DeviceKeyLookup(devices: devices, owner: try base.peer(.devices))
        let authenticator = try base.authenticator(deviceKeys: CredentialCache(lookup: lookup.holder))
        let http = try HTTPApplication(
            environment, direct: [DirectIngest(ingest: ingestRoutes, authenticator: authenticator)], routes: routes,
            authenticator: authenticator, sessions: try base.sessionRenewal(), forms: FormTokens(keys: base.keyRing),
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"))
        let outboxRelay = OutboxRelay(
            outbox: ledger.outbox, database: base.database, redis: base.redis, logger: logger)
        let partitions = PartitionKeeper(store: readings, logger: logger)
        let retention = RetentionKeeper(expired: ExpiredRows(database: base.database), logger: logger)
        let rollups = RollupKeeper(store: RollupStore(database: base.database), logger: logger)
        let services = try base.services(revocationsFrom: [.auth, .devices])
        return (
            http,
            services + [
                ClientService("long reads") { await reads.run() }, ClientService("exports") { await exports.run() },
                ClientService("flushes") { await flushes.run() }, consumer, limitConsumer, limitRenewal, removal,
                partitions, retention, rollups, relay, outboxRelay, renewal, publisher, usage, batcher, http,
            ]
        )
    }
}
