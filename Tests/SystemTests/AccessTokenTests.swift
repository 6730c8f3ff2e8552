import Foundation
import TestKit
import Testing

/// Personal access tokens at all services, through the gateway.
struct AccessTokenTests {
    private static let routes: [String: String] = [
        "/api/v1/auth/me": "profile:read", "/api/v1/devices": "devices:read", "/api/v1/readings": "readings:read",
        "/api/v1/alerts": "alerts:read", "/api/v1/billing/plans": "billing:read",
    ]

    /// A client with a new token, and the token's id.
    private func token(
        _ scopes: [String], of owner: Owner
    ) async throws -> (client: TestHTTPClient, id: String) {
        let response = try await owner.api.post(
            "/api/v1/auth/tokens", ["name": "script", "scopes": .array(scopes.map { .string($0) })])
        guard let secret = response.json["token"].string, let id = response.json["id"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return (owner.installation.client.authorized(secret), id)
    }

    @Test func `every service lets a token do what its scopes say`() async throws {
        let owner = try await SystemInstallation.shared().owner()
        for (route, scope) in Self.routes {
            let (client, _) = try await token([scope], of: owner)
            for (other, needed) in Self.routes {
                let response = try await client.get(other)
                #expect(response.status == (other == route ? 200 : 403), "\(other) with \(scope): \(response)")
                if other != route { #expect(response.json["detail"].string?.contains(needed) == true) }
            }
        }
    }

    @Test func `a token with a grant finds its device at every service, and no other`() async throws {
        let owner = try await SystemInstallation.shared().owner()
        let (shared, other) = (try await owner.device("shared"), try await owner.device("other"))
        for device in [shared, other] {
            #expect(try await device.send([["sensor_type": "t", "value": 1]]).status == 201)
        }
        let (client, id) = try await token(Array(Self.routes.values), of: owner)
        #expect(try await client.get(other.path).status == 200)
        let given = try await owner.api.post(
            "/api/v1/organizations/\(owner.organization)/grants",
            ["token_id": .string(id), "role": "viewer", "resource": ["type": "device", "id": .string(shared.id)]])
        #expect(given.status == 201, "\(given)")
        try await eventually(within: .seconds(1)) { try await client.get(other.path).status == 404 }
        try await eventually(within: .seconds(1)) {
            try await client.get("\(other.path)/readings/latest").status == 404
        }
        #expect(try await client.get(shared.path).status == 200)
        let listed = try await client.get("/api/v1/devices").json["items"].array
        #expect(listed?.map { $0["id"].string } == [shared.id])
        try await eventually {
            let latest = try await client.get("/api/v1/readings/latest").json["items"].array
            return latest?.map { $0["device_id"].string } == [shared.id]
        }
        // What belongs to the organization as a whole is not shared.
        #expect(try await client.get("/api/v1/billing/usage").status == 403)
    }

    @Test func `a service asks auth for a token's holder once a minute, however often it is shown the token`()
        async throws
    {
        // Where nobody else shows a token.
        let installation = try await SystemInstallation.start()
        let (client, _) = try await token(Array(Self.routes.values), of: installation.owner())
        let others = Self.routes.keys.filter { $0 != "/api/v1/auth/me" } + ["/api/v1/dashboard"]
        for _ in 0..<20 {
            for route in others { #expect(try await client.get(route).status == 200, "\(route)") }
        }
        let auth = TestHTTPClient(port: installation.stack.installation.port(.auth))
        let questions = try await auth.get("/metrics").text.split(separator: "\n")
            .filter { $0.hasPrefix("lms_http_requests_total{") && $0.contains("/internal/v1/api-tokens/") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
        #expect(questions.reduce(0, +) == Double(others.count))
        await installation.stack.stop()
    }
}
