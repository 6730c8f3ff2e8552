import Foundation
import HTTPWire
import Testing

@testable import Gateway

private let id = "0190c2a0-0000-7000-8000-000000000001"

@Suite("The gateway's own routing table")
struct RoutingTableTests {
    private let configuration: GatewayConfiguration
    private let router: Router

    init() throws {
        let file = Gateway.resources.bundleURL.appendingPathComponent("gateway.yaml")
        configuration = try GatewayConfiguration(yaml: String(contentsOf: file, encoding: .utf8)) { _ in nil }
        router = try Router(configuration.routes)
    }

    private func match(_ method: HTTPMethod, _ path: String) -> Router.Match {
        let bytes = Array(path.utf8)
        return router.match(bytes.span, 0..<bytes.count, method: method)
    }

    private func route(_ method: HTTPMethod, _ path: String) -> Route? {
        guard case .route(let route) = match(method, path) else { return nil }
        return route
    }

    private func destination(_ method: HTTPMethod, _ path: String) -> String? {
        switch route(method, path)?.destination {
        case .upstream(let index): configuration.upstreams[index].name
        case .own(let endpoint): endpoint.rawValue
        case .folder: "static"
        case nil: nil
        }
    }

    @Test(
        "Every public path goes to its service",
        arguments: [
            (
                "auth",
                [
                    "/", "/auth/login", "/auth/register", "/auth/logout", "/auth/forgot-password", "/auth/profile",
                    "/auth/profile/two-factor/confirm", "/organizations/\(id)/members/\(id)/role",
                    "/projects/\(id)/delete",
                    "/organizations", "/organizations/\(id)", "/invitations/token", "/projects", "/projects/\(id)",
                    "/static/auth/app.3f2a.css", "/.well-known/jwks.json", "/api/v1/auth/me",
                    "/api/v1/auth/tokens/\(id)",
                    "/api/v1/auth/oidc/google/callback", "/api/v1/users/profile", "/api/v1/users/export",
                    "/api/v1/organizations", "/api/v1/organizations/\(id)/members/\(id)", "/api/v1/invitations",
                    "/api/v1/invitations/token/accept", "/api/v1/projects", "/api/v1/projects/\(id)",
                    "/api/v1/entities",
                    "/api/v1/entities/\(id)/graph", "/api/v1/relationships/\(id)", "/api/v1/admin/users",
                    "/api/v1/admin/users/\(id)", "/api/v1/admin/organizations", "/api/v1/admin/stats",
                    "/api/v1/admin/audit",
                ]
            ),
            (
                "devices",
                [
                    "/devices", "/devices/\(id)", "/devices/new", "/api/v1/devices", "/api/v1/devices/\(id)",
                    "/api/v1/devices/\(id)/rotate-key", "/api/v1/devices/provision", "/api/v1/devices/claim",
                    "/api/v1/devices/import", "/api/v1/devices/provisioning-keys",
                    "/api/v1/devices/provisioning-keys/\(id)", "/api/v1/devices/\(id)/claim-code",
                    "/api/v1/devices/\(id)/provision-status", "/api/v1/devices/\(id)/status",
                    "/api/v1/devices/\(id)/heartbeat", "/api/v1/devices/\(id)/config", "/api/v1/devices/\(id)/logs",
                    "/api/v1/devices/\(id)/control/restart", "/api/v1/devices/\(id)/commands",
                    "/api/v1/devices/\(id)/commands/\(id)", "/api/v1/firmware", "/api/v1/firmware/\(id)",
                    "/api/v1/devices/\(id)/firmware", "/api/v1/commands", "/api/v1/commands/templates",
                    "/api/v1/commands/bulk", "/api/v1/commands/\(id)", "/api/v1/admin/devices",
                    "/api/v1/lms_dev_abc/attributes", "/api/v1/lms_dev_abc/attributes/updates",
                    "/api/v1/lms_dev_abc/rpc", "/api/v1/lms_dev_abc/rpc/7", "/api/v1/lms_dev_abc/firmware",
                    "/api/v1/firmware/\(id)/content", "/api/v1/firmware/\(id)/current",
                    "/api/v1/devices/\(id)/firmware/reported", "/api/v1/provision",
                ]
            ),
            (
                "readings",
                [
                    "/api/v1/devices/\(id)/readings", "/api/v1/devices/\(id)/readings/latest",
                    "/api/v1/devices/\(id)/readings/stats", "/api/v1/readings", "/api/v1/readings/latest",
                    "/api/v1/readings/export", "/api/v1/readings/aggregation", "/api/v1/analytics/summary",
                    "/api/v1/analytics/trends", "/api/v1/analytics/reports", "/api/v1/lms_dev_abc/telemetry",
                    "/api/v1/sensor-types",
                ]
            ),
            (
                "alerts",
                [
                    "/alerts", "/alerts/rules", "/alerts/rules/\(id)/test", "/alerts/\(id)",
                    "/static/alerts/alerts.3f2a.js",
                    "/api/v1/alerts", "/api/v1/alerts/rules/bulk", "/api/v1/alerts/\(id)",
                    "/api/v1/alerts/\(id)/acknowledge", "/api/v1/alerts/channels/\(id)/test",
                    "/api/v1/analytics/alerts",
                    "/api/v1/alerts/maintenance-windows", "/api/v1/alerts/notifications",
                ]
            ),
            (
                "billing",
                [
                    "/billing", "/billing/invoices/\(id)", "/api/v1/billing/plans",
                    "/api/v1/billing/invoices/\(id).html",
                    "/api/v1/billing/webhooks/stripe",
                ]
            ),
            (
                "realtime",
                [
                    "/ws/live-data", "/ws/device-status", "/ws/alerts", "/api/v1/stream/readings",
                    "/api/v1/stream/ticket",
                    "/dashboard", "/dashboard/stats", "/dashboard/activity", "/api/v1/dashboard",
                ]
            ),
            ("alive", ["/healthz", "/api/v1/health"]), ("health", ["/api/v1/system/health"]),
            ("version", ["/api/v1/system/version"]), ("metrics", ["/api/v1/system/metrics"]),
            ("openapi", ["/api/v1/openapi.json"]), ("docs", ["/docs"]),
        ])
    func destinations(name: String, paths: [String]) {
        for path in paths {
            #expect(destination(.get, path) == name, "\(path)")
            if path != "/" { #expect(destination(.get, path + "/") == name, "\(path)/") }
        }
    }

    @Test("Every method of a service's path goes to that service")
    func methods() {
        for method in HTTPMethod.allCases {
            #expect(destination(method, "/api/v1/devices/\(id)/readings") == "readings")
            #expect(destination(method, "/api/v1/devices/import") == "devices")
            #expect(destination(method, "/api/v1/readings/import") == "readings")
            #expect(destination(method, "/api/v1/auth/login") == "auth")
            #expect(destination(method, "/api/v1/firmware") == "devices")
            #expect(destination(method, "/auth/profile") == "auth")
            #expect(destination(method, "/organizations/\(id)") == "auth")
            #expect(destination(method, "/projects") == "auth")
        }
    }

    @Test(
        "What services have for themselves is not reachable",
        arguments: [
            "/internal", "/internal/tokens", "/metrics", "/livez", "/readyz", "/openapi.yaml", "/api", "/api/v1",
            "/api/v2/devices",
            "/api/v1/internal/x", "/api/v1/token/telemetry", "/unknown", "/authx", "/api/v1/devicesx",
        ])
    func unreachable(path: String) {
        #expect(destination(.get, path) == nil)
    }

    @Test("The gateway's own answers take GET and HEAD alone")
    func ownMethods() {
        guard case .methodNotAllowed(let allowed) = match(.post, "/healthz") else {
            Issue.record("POST /healthz was routed")
            return
        }
        #expect(allowed == [HTTPMethods(.get), HTTPMethods(.head)])
    }

    @Test("Passwords and codes are tried under the strict limit, long polls have time, sockets may upgrade")
    func options() {
        for path in ["login", "register", "forgot-password", "reset-password"] {
            #expect(route(.post, "/api/v1/auth/\(path)")?.limit == .signIn)
            #expect(route(.post, "/auth/\(path)")?.limit == .signIn)
        }
        #expect(route(.post, "/api/v1/auth/two-factor/challenge")?.limit == .signIn)
        #expect(route(.post, "/auth/two-factor")?.limit == .signIn)
        #expect(route(.get, "/auth/login")?.limit == .general)
        #expect((route(.get, "/api/v1/lms_dev_a/rpc")?.timeouts.response ?? .zero) > .seconds(300))
        #expect((route(.get, "/api/v1/devices/\(id)/commands")?.timeouts.response ?? .zero) > .seconds(60))
        #expect(route(.get, "/ws/live-data")?.allowsUpgrade == true)
        #expect(route(.get, "/api/v1/stream/readings")?.isStream == true)
        #expect(route(.post, "/api/v1/devices/\(id)/readings")?.isRepeatable == true)
        #expect(route(.post, "/api/v1/lms_dev_a/telemetry")?.isRepeatable == true)
        #expect(route(.post, "/api/v1/devices")?.isRepeatable == false)
        #expect(route(.post, "/api/v1/readings")?.bodyLimit == 1 << 20)
        #expect(route(.post, "/api/v1/firmware")?.bodyLimit == 16 << 20)
        #expect(route(.post, "/api/v1/readings/import")?.bodyLimit == 64 << 20)
        #expect(route(.get, "/invitations/x")?.pattern.secrets == 0b10)
    }
}

@Suite("The router")
struct RouterTests {
    private func router(_ patterns: String...) throws -> Router {
        try Router(patterns.map { try Route.test($0) })
    }

    private func pattern(_ router: Router, _ path: String, _ method: HTTPMethod = .get) -> String? {
        let bytes = Array(path.utf8)
        guard case .route(let route) = router.match(bytes.span, 0..<bytes.count, method: method) else { return nil }
        return route.pattern.text
    }

    @Test(
        "The most specific pattern wins, whatever the order",
        arguments: [
            ("/a/b", "/a/b"), ("/a/c", "/a/{x}"), ("/a/key_1", "/a/{k:key_*}"), ("/a/b/c", "/a/*"), ("/a", "/a/*"),
            ("/a/key_1/z", "/a/{k:key_*}/z"), ("/a/c/z", "/a/*"), ("/a/key_1/y", "/a/*"), ("/b", nil), ("/", nil),
        ])
    func precedence(path: String, expected: String?) throws {
        #expect(try pattern(router("/a/*", "/a/{x}", "/a/{k:key_*}", "/a/b", "/a/{k:key_*}/z"), path) == expected)
        #expect(try pattern(router("/a/{k:key_*}/z", "/a/b", "/a/{k:key_*}", "/a/{x}", "/a/*"), path) == expected)
    }

    @Test("A pattern for some methods leaves the others to the next best")
    func methodFallThrough() throws {
        let router = try Router([
            try .test("/a/*"), try .test("/a/b", methods: HTTPMethods(.post)),
            try .test("/c", methods: HTTPMethods(.put)),
        ])
        #expect(pattern(router, "/a/b", .post) == "/a/b")
        #expect(pattern(router, "/a/b", .get) == "/a/*")
        #expect(pattern(router, "/c", .get) == nil)
    }

    @Test("Two routes for the same requests are a mistake")
    func conflicts() throws {
        #expect(throws: RouteConflict.self) { try router("/a/{x}", "/a/{y}") }
        #expect(throws: RouteConflict.self) { try router("/a/*", "/a/*") }
    }
}

extension Route {
    static func test(_ pattern: String, methods: HTTPMethods = .all) throws -> Route {
        Route(
            pattern: try RoutePattern(pattern), methods: methods, destination: .upstream(0),
            timeouts: RouteTimeouts(connect: .seconds(1), response: .seconds(1), idle: .seconds(1)), bodyLimit: 100,
            limit: .general)
    }
}
