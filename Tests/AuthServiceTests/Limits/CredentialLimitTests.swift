import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

/// How many credentials somebody may have, and what they may say.
@Suite struct CredentialLimitTests {
    private static let scopes = TokenScope.allCases.map { JSONValue.string($0.rawValue) }
    private static let tokens: [(field: String, value: JSONValue, status: Int)] = [
        ("name", .string(String(repeating: "ö", count: 200)), 201),
        ("name", .string(String(repeating: "ö", count: 201)), 422),
        ("scopes", [], 422), ("scopes", ["everything:read"], 422), ("scopes", .array(scopes), 201),
        ("scopes", .array(scopes + scopes.prefix(1)), 422),
    ]

    @Test(arguments: tokens)
    func `a token takes what fits`(field: String, value: JSONValue, status: Int) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let response = try await ada.makeAccessToken([field: value])
        #expect(response.status == status, "\(response)")
        if status == 201 { #expect(response.json[field] == value) }
        #expect(try await ada.api.get("/api/v1/auth/tokens").json["items"].array?.count == (status == 201 ? 1 : 0))
    }

    @Test func `a user has a hundred tokens and no more`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await server.query(
            """
            INSERT INTO auth.api_tokens (id, hash, user_id, organization_id, name, scopes)
            SELECT gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), \(UUID(uuidString: ada.id)),
                \(UUID(uuidString: ada.organizationID)), 'script', '{devices:read}'
            FROM generate_series(1, 99)
            """)
        let last = try await ada.makeAccessToken([:])
        #expect(last.status == 201)
        #expect(try await ada.makeAccessToken([:]).status == 409)
        // One that is deleted makes room.
        #expect(try await ada.api.delete("/api/v1/auth/tokens/\(last.json["id"].string ?? "")").status == 204)
        #expect(try await ada.makeAccessToken([:]).status == 201)
        #expect(try await ada.makeAccessToken([:]).status == 409)
    }

    @Test func `a token has thirty-two grants and no more`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let token = try #require(try await ada.makeAccessToken([:]).json["id"].string)
        _ = try await server.query(
            """
            INSERT INTO auth.resource_grants
                (id, organization_id, token_id, resource_type, resource_id, role, created_by)
            SELECT gen_random_uuid(), \(UUID(uuidString: ada.organizationID)), \(UUID(uuidString: token)), 'device',
                gen_random_uuid(), 'viewer', \(UUID(uuidString: ada.id))
            FROM generate_series(1, 31)
            """)
        func grant() async throws -> Int {
            let project = try await ada.api.post("/api/v1/projects", ["name": "Cultures"]).json["id"]
            return try await ada.api.post(
                "/api/v1/organizations/\(ada.organizationID)/grants",
                [
                    "token_id": .string(token), "role": "viewer", "resource": ["type": "project", "id": project],
                ]
            ).status
        }
        #expect(try await grant() == 201)
        #expect(try await grant() == 409)
    }

    @Test func `two hundred invitations wait in an organization and no more`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await server.query(
            """
            INSERT INTO auth.invitations (id, organization_id, email, role, hash, expires_at)
            SELECT gen_random_uuid(), \(UUID(uuidString: ada.organizationID)), 'invited-' || n || '@example.org', 'viewer',
                sha256(gen_random_uuid()::text::bytea), now() + interval '1 day'
            FROM generate_series(1, 199) AS n
            """)
        let path = "/api/v1/organizations/\(ada.organizationID)/invitations"
        func invite() async throws -> TestHTTPResponse {
            try await ada.api.post(path, ["email": .string(AuthServer.newAddress()), "role": "viewer"])
        }
        let last = try await invite()
        #expect(last.status == 201)
        #expect(try await invite().status == 409)
        #expect(try await ada.api.delete("\(path)/\(last.json["id"].string ?? "")").status == 204)
        #expect(try await invite().status == 201)
    }
}
