import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuthService

/// What is issued while something changes that it says: it waits for the change, or the change waits for it.
@Suite struct IssuingTests {
    @Test func `what is issued while somebody stops being a superuser says so`() async throws {
        let server = try await AuthServer.shared()
        let ways: [@Sendable (Newcomer) async throws -> JSONValue] = [
            { try await $0.refresh($0.refreshToken).json["access_token"] },
            { try await $0.logIn().json["access_token"] },
            { .string(try await $0.switching(to: $0.organizationID).accessToken) },
        ]
        for way in ways {
            let root = try await server.superuser()
            let token = try await server.during(
                "UPDATE auth.users SET is_superuser = false WHERE id = \(UUID(uuidString: root.id))"
            ) { try await way(root) }
            #expect(try token.claims["su"].isNull)
        }
    }

    @Test func `a cookie that is renewed while the account is closed is not`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await Browser(client: ada.client).signedIn(ada)
        let cookie = try await server.agedToken(of: ada, "browser")
        let service = server.client().authorized(try await server.internalToken())
        let answer = try await server.during(
            "UPDATE auth.users SET is_active = false WHERE id = \(UUID(uuidString: ada.id))"
        ) { try await service.post("/internal/v1/sessions/renew", ["token": .string(cookie)]) }
        #expect(answer.status == 204)
    }

    @Test func `what is issued while a grant is taken back is without it`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let user = UUID(uuidString: eve.id)
        _ = try await ada.grantProject(to: eve)
        let guest = try await eve.switching(to: ada.organizationID)
        #expect(try JSONValue.string(guest.accessToken).claims["grants"].array?.count == 1)
        let token = try await server.during(
            "SELECT 1 FROM auth.users WHERE id = \(user) FOR NO KEY UPDATE",
            "DELETE FROM auth.resource_grants WHERE user_id = \(user)"
        ) { try await guest.refresh(guest.refreshToken).json["access_token"] }
        #expect(try token.claims["grants"].isNull)
        #expect(try token.claims["org"].string == eve.organizationID)
    }

    @Test func `giving and taking grants waits for what is being issued, and is later`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let issuing: SQL = "SELECT 1 FROM auth.users WHERE id = \(UUID(uuidString: eve.id)) FOR SHARE"
        let given = try await server.during(issuing) { try await ada.grantProject(to: eve) }
        let id = try #require(given.json["id"].string)
        let taken = try await server.during(issuing) {
            try await ada.api.delete("/api/v1/organizations/\(ada.organizationID)/grants/\(id)")
        }
        #expect(taken.status == 204)
    }

    @Test func `an organization that begins to require a second factor waits for what its guests are issued`()
        async throws
    {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        _ = try await ada.enableTwoFactor()
        _ = try await ada.grantProject(to: eve)
        let path = "/api/v1/organizations/\(ada.organizationID)"
        let demanded = try await server.during(
            "SELECT 1 FROM auth.users WHERE id = \(UUID(uuidString: eve.id)) FOR SHARE"
        ) { try await ada.api.put(path, ["name": "Engines", "requires_two_factor": true]) }
        #expect(demanded.status == 200)
        // Who is made a guest meanwhile is seen by it.
        let bob = try await server.newcomer()
        let given = try await server.during(
            "SELECT 1 FROM core.entities WHERE id = \(UUID(uuidString: ada.organizationID)) FOR NO KEY UPDATE"
        ) { try await ada.grantProject(to: bob) }
        #expect(given.status == 201)
    }

    @Test func `a guest who ends the second factor is out where one is required`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        _ = try await ada.enableTwoFactor()
        let (_, recoveryCodes) = try await eve.enableTwoFactor()
        _ = try await ada.grantProject(to: eve)
        let path = "/api/v1/organizations/\(ada.organizationID)"
        #expect(try await ada.api.put(path, ["name": "Engines", "requires_two_factor": true]).status == 200)
        let guest = try await eve.switching(to: ada.organizationID)
        let removed = try await guest.delete(
            "/api/v1/auth/two-factor", ["password": .string(Newcomer.password), "code": .string(recoveryCodes[0])])
        #expect(removed.status == 204)
        #expect(try await guest.api.get("/api/v1/projects").status == 401)
        let home = try await guest.refresh(guest.refreshToken).json["access_token"].claims
        #expect(home["org"].string == eve.organizationID)
    }
}

extension Newcomer {
    /// Makes a project and lets somebody see it.
    fileprivate func grantProject(to guest: Newcomer) async throws -> TestHTTPResponse {
        let project = try await api.post("/api/v1/projects", ["name": "P"]).json["id"]
        return try await api.post(
            "/api/v1/organizations/\(organizationID)/grants",
            ["user_id": .string(guest.id), "resource": ["type": "project", "id": project], "role": "viewer"])
    }
}
