import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

/// What the database itself shows of this service's tables, whatever a statement asks for.
@Suite struct RowSecurityTests {
    /// Tables whose rows belong to organizations.
    private static let ofOrganizations: [String: SQL] = [
        "memberships": "auth.memberships", "projects": "auth.projects", "resource_grants": "auth.resource_grants",
        "invitations": "auth.invitations", "limits": "auth.limits",
    ]
    /// Tables of people and of the service, for the platform role alone.
    private static let ofPlatform: [String: SQL] = [
        "users": "auth.users", "credentials": "auth.credentials", "sessions": "auth.sessions",
        "refresh_tokens": "auth.refresh_tokens", "signing_keys": "auth.signing_keys",
        "revocations": "auth.revocations", "organizations": "auth.organizations", "removals": "auth.removals",
        "second_factors": "auth.second_factors", "recovery_codes": "auth.recovery_codes",
        "sign_in_challenges": "auth.sign_in_challenges", "api_tokens": "auth.api_tokens", "mail": "auth.mail",
        "email_verifications": "auth.email_verifications", "password_resets": "auth.password_resets",
        "identities": "auth.identities", "oidc_logins": "auth.oidc_logins",
    ]

    @Test func `every table is known here, and has row security`() async throws {
        let server = try await AuthServer.shared()
        let secured = try await server.query(
            """
            SELECT relname::text FROM pg_class
            WHERE relnamespace = 'auth'::regnamespace AND relkind IN ('r', 'p') AND relrowsecurity
            """
        ).map { try $0.decode(String.self) }
        #expect(Set(secured) == Set(Self.ofOrganizations.keys).union(Self.ofPlatform.keys))
        // Sealed answers, by who asked.
        #expect(try await server.database.tablesWithoutRowSecurity(of: .auth) == ["idempotency"])
    }

    @Test func `a connection that is scoped to an organization sees the rows of no other, and of people nothing`()
        async throws
    {
        let server = try await AuthServer.shared()
        let tenants = [try await filled(server), try await filled(server)]
        try await withClient(server.database.configuration(.auth)) { client in
            for tenant in tenants {
                let scope = Scope.organization(tenant)
                for (name, table) in Self.ofOrganizations {
                    let seen = try await client.query("SELECT DISTINCT organization_id FROM \(table)", as: scope)
                        .map { try $0.decode(UUID.self) }
                    #expect(seen == [tenant], "\(name)")
                }
                for (name, table) in Self.ofPlatform {
                    #expect(try await client.query("SELECT 1 FROM \(table) LIMIT 1", as: scope).isEmpty, "\(name)")
                }
            }
            for (name, table) in Self.ofOrganizations.merging(Self.ofPlatform, uniquingKeysWith: { $1 }) {
                #expect(try await client.query("SELECT 1 FROM \(table) LIMIT 1", as: .none).isEmpty, "\(name)")
            }
            // There would be something to see.
            for table: SQL in ["auth.users", "auth.sessions", "auth.credentials", "auth.api_tokens"] {
                #expect(try await !client.query("SELECT 1 FROM \(table) LIMIT 1", as: .platform).isEmpty)
            }
        }
    }

    @Test func `nothing is written or changed for another organization`() async throws {
        let server = try await AuthServer.shared()
        let (own, other) = (try await filled(server), try await filled(server))
        try await withClient(server.database.configuration(.auth)) { client in
            await #expect(throws: PostgresError.self) {
                _ = try await client.query(
                    "INSERT INTO auth.projects (id, organization_id, status) VALUES (\(UUID()), \(other), 'active')",
                    as: .organization(own))
            }
            await #expect(throws: PostgresError.self) {
                _ = try await client.query(
                    "UPDATE auth.projects SET organization_id = \(other)", as: .organization(own))
            }
            let changed = try await client.query(
                "UPDATE auth.invitations SET role = 'admin' WHERE organization_id = \(other)", as: .organization(own))
            #expect(changed.affectedRows == 0)
            let deleted = try await client.query(
                "DELETE FROM auth.resource_grants WHERE organization_id = \(other)", as: .organization(own))
            #expect(deleted.affectedRows == 0)
        }
    }

    /// An organization with a row in each of the tables.
    private func filled(_ server: AuthServer) async throws -> UUID {
        let (ada, guest) = (try await server.newcomer(), try await server.newcomer())
        let id = try #require(UUID(uuidString: ada.organizationID))
        let path = "/api/v1/organizations/\(ada.organizationID)"
        let project = try await ada.api.post("/api/v1/projects", ["name": "P"]).json["id"]
        let invitation: JSONValue = ["email": .string(AuthServer.newAddress()), "role": "viewer"]
        #expect(try await ada.api.post(path + "/invitations", invitation).status == 201)
        let grant: JSONValue = [
            "user_id": .string(guest.id), "resource": ["type": "project", "id": project], "role": "viewer",
        ]
        #expect(try await ada.api.post(path + "/grants", grant).status == 201)
        #expect(try await ada.makeAccessToken([:]).status == 201)
        _ = try await server.query(
            "INSERT INTO auth.limits (organization_id, plan, members, version) VALUES (\(id), 'free', 50, 1)")
        return id
    }
}
