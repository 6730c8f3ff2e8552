import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import AlertsService

/// Every route by everybody: who gets past it is what its declaration says, and nobody else.
@Suite struct AccessTests {
    /// What every service has on its own port.
    static let standard = ["/livez", "/readyz", "/metrics", "/openapi.yaml", "/static/alerts/{file}"]

    private static func isForBrowsers(_ path: String) -> Bool {
        !path.hasPrefix("/api/") && !path.hasPrefix("/internal/") && !standard.contains(path)
    }

    @Test func `every route admits whom it declares`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        var clients: [Role: TestHTTPClient] = [:]
        for role in Role.allCases { clients[role] = try await laboratory.client(role) }
        for route in server.http.routes.routes
        where !Self.standard.contains(route.path) && !Self.isForBrowsers(route.path) {
            let path = route.path.replacing("{id}", with: UUID.v7().text)
            let method = HTTPMethod(rawValue: route.method.rawValue)
            #expect(try await server.anonymous.send(method, path).status == 401, "\(method) \(path)")
            guard case .user(let least, _) = route.access else {
                #expect(route.access == .internalService && route.path.hasPrefix("/internal/"), "\(path)")
                for client in clients.values { #expect(try await client.send(method, path).status == 403, "\(path)") }
                continue
            }
            for (role, client) in clients {
                let status = try await client.send(method, path).status
                #expect((status == 403) == (role < least), "\(method) \(path) as \(role): \(status)")
                #expect(status != 401 && status < 500, "\(method) \(path) as \(role): \(status)")
            }
        }
    }

    @Test func `a personal access token needs the scope of the route`() async throws {
        let server = try await AlertsServer.shared()
        let deviations = try await server.http.scopeDeviations(by: server.anonymous) { route in
            // A form is for who is signed in.
            let path = String(route.split(separator: " ").last ?? "")
            guard route.hasPrefix("GET ") || !Self.isForBrowsers(path) else { return nil }
            return [TokenScope(.alerts, route.hasPrefix("GET ") ? .read : .write)]
        }
        #expect(deviations == [])
    }

    @Test func `who has no organization, or an expired or a foreign token, gets nowhere`() async throws {
        let server = try await AlertsServer.shared()
        let issuer = try await TestIssuer.shared()
        func status(_ token: String) async throws -> Int {
            try await server.anonymous.authorized(token).get("/api/v1/alerts").status
        }
        #expect(try await status(issuer.token(in: nil, as: nil)) == 403)
        #expect(try await status(issuer.token(in: .v7(), as: .owner, lifetime: -60)) == 401)
        #expect(try await status("nonsense") == 401)
        #expect(try await status("lms_dev_" + String(repeating: "a", count: 43)) == 401)
    }

    // MARK: Pages

    @Test func `every page and form admits whom it declares`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        for route in server.http.routes.routes where Self.isForBrowsers(route.path) {
            let path = route.path.replacing("{id}", with: UUID.v7().text)
            let isForm = route.method.rawValue == "POST"
            guard case .user(let least, _) = route.access else {
                Issue.record("\(route.path) is for \(route.access)")
                continue
            }
            for role in Role.allCases {
                let browser = try await laboratory.browser(role)
                let status =
                    isForm ? try await browser.submit(path, from: "/alerts").status : try await browser.get(path).status
                #expect((status == 403) == (role < least), "\(route.method) \(path) as \(role): \(status)")
                #expect(status != 401 && status < 500, "\(route.method) \(path) as \(role): \(status)")
            }
        }
    }

    @Test func `a browser that nobody has signed in with is sent to do so, whatever page it asks for`() async throws {
        let server = try await AlertsServer.shared()
        for route in server.http.routes.routes where Self.isForBrowsers(route.path) {
            let path = route.path.replacing("{id}", with: UUID.v7().text)
            let response = try await server.anonymous.send(
                HTTPMethod(rawValue: route.method.rawValue), path,
                headers: ["accept": "text/html", "cookie": "session_token=x"])
            #expect(response.status == 303, "\(path): \(response)")
            #expect(response.header("location")?.hasPrefix("/auth/login") == true, "\(path)")
        }
    }

    @Test func `no form is taken without its own token`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let admin = try await laboratory.browser(.admin)
        let foreign = try await laboratory.browser(.owner).form("/alerts").token
        for route in server.http.routes.routes where Self.isForBrowsers(route.path) && route.method == .post {
            let path = route.path.replacing("{id}", with: UUID.v7().text)
            let form = try await admin.form("/alerts")
            for token in [nil, "", "x", foreign] {
                let response = try await form.submit(to: path, pairs: token.map { [("csrf_token", $0)] } ?? [])
                #expect(response.status == 403, "\(path): \(response)")
            }
        }
    }
}
