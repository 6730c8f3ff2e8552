import Foundation
import HTTPKit
import Identity
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// Who may use which route: declared here once more, by hand, and tried against the running service.
@Suite struct AccessTests {
    private static let signedIn: Set<String> = [
        "POST /api/v1/auth/logout", "GET /api/v1/auth/me", "PUT /api/v1/auth/me", "GET /api/v1/auth/sessions",
        "DELETE /api/v1/auth/sessions/{id}", "POST /auth/logout",
    ]
    private static let services: Set<String> = ["GET /internal/v1/revocations"]
    private static let everybody: Set<String> = [
        "POST /api/v1/auth/register", "POST /api/v1/auth/login", "POST /api/v1/auth/refresh",
        "GET /.well-known/jwks.json", "GET /", "GET /auth/login", "GET /auth/register", "POST /auth/login",
        "POST /auth/register", "GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.yaml",
        "GET /static/auth/{file}",
    ]

    @Test func `every route is for those it is meant for`() async throws {
        let routes = try await AuthServer.shared().application.http.routes.routes
        for route in routes {
            let name = "\(route.method.rawValue) \(route.path)"
            let expected: Access =
                Self.signedIn.contains(name) ? .signedIn : Self.services.contains(name) ? .internalService : .public
            #expect(route.access == expected, "\(name)")
        }
        let names = Set(routes.map { "\($0.method.rawValue) \($0.path)" })
        #expect(names == Self.signedIn.union(Self.services).union(Self.everybody))
    }

    @Test func `nobody, the wrong and the revoked are refused everywhere`() async throws {
        let server = try await AuthServer.shared()
        let gone = try await server.newcomer()
        #expect(try await gone.api.post("/api/v1/auth/logout").status == 204)
        let forged = gone.accessToken.dropLast(4) + "AAAA"
        for name in Self.signedIn.union(Self.services) where name != "POST /auth/logout" {
            let (method, path) = split(name)
            for token in [nil, gone.accessToken, String(forged), "x", "lms_dev_x", "lms_pat_x"] {
                var client = server.client()
                if let token { client = client.authorized(token) }
                let response = try await client.send(method, path, json: method == .PUT ? ["name": "Eve"] : nil)
                #expect(response.status == 401, "\(name) with \(token ?? "nothing"): \(response)")
                #expect(response.header("www-authenticate")?.hasPrefix("Bearer") == true)
            }
        }
    }

    @Test func `users and services do not pass for each other`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let service = server.client().authorized(try await server.internalToken())
        for name in Self.signedIn where name != "POST /auth/logout" {
            let (method, path) = split(name)
            #expect(try await service.send(method, path, json: method == .PUT ? ["name": "Eve"] : nil).status == 403)
        }
        for name in Self.services {
            let (method, path) = split(name)
            #expect(try await ada.api.send(method, path).status == 403)
            #expect(try await service.send(method, path).status == 200)
        }
    }

    private func split(_ name: String) -> (HTTPMethod, String) {
        let parts = name.split(separator: " ").map(String.init)
        return (HTTPMethod(rawValue: parts[0]), parts[1].replacingOccurrences(of: "{id}", with: UUID().uuidString))
    }
}
