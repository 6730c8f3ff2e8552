import Foundation
import Hummingbird
import HummingbirdCore
import Identity
import Logging
import NIOCore
import ServiceKit
import ServiceLifecycle

/// The HTTP server of a service: its routes behind all middleware, and the routes that every service has.
///
/// Those are `/livez`, `/readyz`, `/metrics` and, where a service has them, `/openapi.yaml` and its static files.
public struct HTTPApplication: ServiceLifecycle.Service, CustomStringConvertible {
    /// Every route that is served, for tests that walk them.
    public let routes: RouteTable
    private let application: Application<RouterResponder<AppRequestContext>>
    private let listening: ListeningPort
    private let health: Health
    /// Ends what waits for something to answer.
    private let drain: @Sendable () -> Void

    /// - Parameters:
    ///   - direct: short ways to some of the routes.
    ///   - routes: the service's own.
    ///   - authenticator: finds out who makes a request.
    ///   - sessions: keeps browsers signed in that go on asking.
    ///   - forms: checks what forms are sent with.
    ///   - members: looks up who belongs to an organization; nil for a service without routes that ask for that.
    ///   - pages: renders error pages, and serves the files that pages load; nil for a service without web pages.
    ///   - openAPI: the service's `openapi.yaml`.
    ///   - server: what is put on each connection in the place of HTTP/1.1 with the direct routes; WebSockets come with
    ///     another one.
    public init(
        _ environment: ServiceEnvironment, direct: [any DirectRoute] = [], routes: RouteTable,
        authenticator: Authenticator, sessions: SessionRenewal, forms: FormTokens, members: MembershipCheck? = nil,
        pages: PageRenderer? = nil, openAPI: URL? = nil, server: HTTPServerBuilder? = nil
    ) throws {
        var routes = routes
        try StandardRoutes(environment: environment, openAPI: openAPI).add(to: &routes)
        pages?.staticFiles.addRoute(to: &routes)
        self.routes = routes
        drain = { for route in direct { route.drain() } }
        let metrics = RequestMetrics(environment.metrics)
        let gate = RouteGate(
            authenticator: authenticator, forms: forms, cookies: CookieRenewal(sessions: sessions), members: members)
        let router = Router(context: AppRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware {
            RequestScope()
            metrics
            ResponseCompression()
            SecurityHeaders()
            ProblemMiddleware(pages: pages)
        }
        router.add(routes, behind: gate)
        let listening = ListeningPort()
        self.listening = listening
        health = environment.health
        application = Application(
            router: router,
            server: server ?? Self.http1(direct, DirectAnswers(metrics: metrics, logger: environment.logger)),
            configuration: ApplicationConfiguration(
                address: .hostname(environment.configuration.httpHost, port: environment.configuration.httpPort),
                backlog: 1024),
            onServerRunning: { listening.set($0.localAddress?.port ?? 0) }, logger: environment.logger)
    }

    /// HTTP/1.1. A connection may idle longer than the gateway keeps it in its pool, so that the gateway closes first.
    private static func http1(_ direct: [any DirectRoute], _ answers: DirectAnswers) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            DirectChannel(
                direct: direct, answers: answers, configuration: .init(idleTimeout: .seconds(120)),
                responder: responder)
        }
    }

    public var description: String { "http" }

    public func run() async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await health.run() }
                defer { group.cancelAll() }
                try await withGracefulShutdownHandler {
                    try await application.run()
                } onGracefulShutdown: {
                    drain()
                }
            }
        } catch {
            listening.fail(error)
            throw error
        }
    }

    /// The port that the server listens on, once it does.
    ///
    /// - Throws: why it does not.
    public func port() async throws -> Int {
        try await listening.value()
    }
}
