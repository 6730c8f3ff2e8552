import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Logging
import ServiceKit
import ServiceLifecycle
import WebSockets

extension RealtimeService {
    /// Makes everything and wires it up; what comes later in `services` starts later and is shut down earlier.
    ///
    /// - Throws: `ConfigurationError` and what else is wrong with the configuration.
    static func build(
        _ environment: ServiceEnvironment
    ) async throws -> (http: HTTPApplication, services: [any ServiceLifecycle.Service]) {
        let base = try await ServiceBase(environment)
        let logger = environment.logger

        let wakeStream = "lms:realtime:\(UUID.v7().text):wake"
        let rooms = LiveRooms(redis: base.redis, wakeStream: wakeStream)
        let tail = LiveTail(rooms: rooms, wakeStream: wakeStream, redis: base.redis, logger: logger)
        let visibleDevices = VisibleDevices(database: base.database)
        let sockets = OpenSockets(revocations: base.revocations, visibleDevices: visibleDevices)

        let rate = RateMeter()
        let meter = EventTail(sources: [.readings], redis: base.redis, logger: logger, handler: rate.receive)
        let removal = OrganizationRemoval(
            table: "realtime.removals", steps: DashboardStore.parts, database: base.database, logger: logger)
        let projection = DashboardProjection(removal: removal)
        let rebuild = ProjectionRebuild(
            projection.sources(
                auth: try base.peer(.auth), devices: try base.peer(.devices), alerts: try base.peer(.alerts)),
            database: base.database, logger: logger, handler: projection.restore)
        environment.health.register("projections", check: rebuild.check)
        let consumer = EventConsumer(
            sources: [.auth, .devices, .alerts], consumer: .realtime, database: base.database, redis: base.redis,
            logger: logger, rebuild: rebuild, handler: projection.apply)

        let forms = FormTokens(keys: base.keyRing)
        let charts = ChartLibrary(logger: logger)
        let pages = try PageRenderer(
            service: environment.service.name,
            templates: Bundle.module.url(forResource: "Templates", withExtension: nil),
            files: Bundle.module.url(forResource: "Static", withExtension: nil), libraries: charts.files, forms: forms)

        var routes = RouteTable(TokenAreas(.devices))
        LiveRoutes(
            rooms: rooms, sockets: sockets, visibleDevices: visibleDevices, tickets: TicketStore(redis: base.redis),
            replay: Replay(redis: base.redis), revocations: base.revocations
        ).add(to: &routes)
        DashboardRoutes(
            store: DashboardStore(database: base.database, rate: rate), pages: pages, hasCharts: charts.isInstalled
        ).add(to: &routes)

        let socketTasks = WebSocketTasks()
        let http = try HTTPApplication(
            environment, routes: routes, authenticator: base.authenticator(), sessions: try base.sessionRenewal(),
            forms: forms, pages: pages,
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"),
            server: .http1WithWebSockets(socketTasks, configuration: .init(idleTimeout: .seconds(120))))
        let retention = Retention(database: base.database, logger: logger)
        return (http, try base.services() + [consumer, removal, meter, retention, tail, sockets, socketTasks, http])
    }
}
