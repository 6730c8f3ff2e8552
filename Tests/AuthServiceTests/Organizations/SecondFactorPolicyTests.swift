import Foundation
import Identity
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// Organizations in which nobody acts without a second factor.
@Suite struct SecondFactorPolicyTests {
    @Test func `who demands a second factor owns the organization, and has one`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let admin = try await server.member(of: ada.organizationID, as: .admin)
        #expect(try await ada.demandSecondFactor().status == 403)
        _ = try await ada.enableTwoFactor()
        _ = try await admin.enableTwoFactor()
        #expect(try await admin.demandSecondFactor(in: ada.organizationID).status == 403)
        #expect(try await ada.organization["requires_two_factor"] == false)
        // Who sends back what was shown changes nothing by it.
        #expect(try await admin.demandSecondFactor(false, in: ada.organizationID).status == 200)
        let answer = try await ada.demandSecondFactor()
        #expect(answer.status == 200 && answer.json["requires_two_factor"] == true)
        // Who has one goes on, with the credentials of before.
        #expect(try await admin.api.get(ada.organizationPath).status == 200)
        let change = try await server.lastAudit("organization.updated", of: ada.organizationID)
        #expect(change["before"]["requires_two_factor"] == false && change["after"]["requires_two_factor"] == true)
        // The name alone leaves it as it is.
        #expect(try await ada.api.put(ada.organizationPath, ["name": "Engines"]).json["requires_two_factor"] == true)
    }

    @Test func `a member without one is suspended until there is one`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let eve = try await server.member(of: ada.organizationID, as: .admin)
        let script = try await eve.accessToken([TokenScope(.organization, .read)])
        #expect(try await script.get("/api/v1/entities").status == 200)
        _ = try await ada.enableTwoFactor()
        #expect(try await ada.demandSecondFactor().status == 200)

        // What she was issued is void, and what she is issued from now on is for her own organization.
        #expect(try await eve.api.get("/api/v1/entities").status == 401)
        #expect(try await script.get("/api/v1/entities").status == 401)
        let home = try await eve.refresh(eve.refreshToken).json
        #expect(home["user"]["organization_id"] != .string(ada.organizationID))
        let api = eve.client.authorized(try #require(home["access_token"].string))
        let refused = try await api.post(
            "/api/v1/auth/switch-organization", ["organization_id": .string(ada.organizationID)])
        #expect(refused.status == 403)
        #expect(refused.json["detail"].string?.contains("second factor") == true)
        #expect(try await api.get(ada.organizationPath).status == 403)
        #expect(try await api.get(ada.organizationPath + "/audit").status == 403)
        let listed = try await api.get("/api/v1/organizations").json["items"].array
        #expect(listed?.first { $0["id"] == .string(ada.organizationID) }?["is_suspended"] == true)
        let members = try await ada.api.get(ada.organizationPath + "/members").json["items"].array
        #expect(members?.first { $0["user_id"] == .string(eve.id) }?["is_suspended"] == true)
        #expect(members?.first { $0["user_id"] == .string(ada.id) }?["is_suspended"] == false)

        var again = eve
        again.accessToken = try #require(home["access_token"].string)
        _ = try await again.enableTwoFactor()
        let back = try await api.post(
            "/api/v1/auth/switch-organization", ["organization_id": .string(ada.organizationID)])
        #expect(back.status == 200)
        #expect(back.json["user"]["role"] == "admin")
        let audit = try await ada.api.get(ada.organizationPath + "/audit?entity_id=\(eve.id)&order=asc").json["items"]
        let acts = (audit.array ?? []).filter {
            ["member.suspended", "member.reinstated"].contains($0["event_type"].string ?? "")
        }
        #expect(acts.map { $0["event_type"] } == ["member.suspended", "member.reinstated"])
        #expect(acts.map { $0["actor"]["id"] } == [.string(ada.id), .string(eve.id)])
        // That there is nobody behind a token is believed for 5 s.
        try await eventually { try await script.get("/api/v1/entities").status == 200 }
    }

    @Test func `who confirms a factor while one begins to be required, or while joining, is not suspended`()
        async throws
    {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let organization = UUID(uuidString: ada.organizationID)
        let eve = try await server.member(of: ada.organizationID, as: .member)
        let (path, user) = ("/api/v1/auth/two-factor", UUID(uuidString: eve.id))
        let begun = try await eve.api.post(path, ["password": .string(Newcomer.password)])
        let app = try Authenticator(base32: try #require(begun.json["secret"].string))
        let confirmed = try await server.during(
            "INSERT INTO auth.organizations (id, requires_two_factor) VALUES (\(organization), true)",
            "UPDATE auth.memberships SET is_suspended = true WHERE organization_id = \(organization) AND user_id = \(user)"
        ) { try await eve.api.post(path + "/confirm", ["code": .string(app.first)]) }
        #expect(confirmed.status == 200)
        #expect(try await eve.api.get(ada.organizationPath).status == 200)

        let bob = try await server.newcomer()
        let guest = UUID(uuidString: bob.id)
        let factor = try await bob.api.post(path, ["password": .string(Newcomer.password)])
        #expect(factor.status == 201)
        try await server.during(
            "SELECT 1 FROM auth.users WHERE id = \(guest) FOR NO KEY UPDATE",
            "UPDATE auth.second_factors SET confirmed_at = now() WHERE user_id = \(guest)"
        ) { try await server.join(bob, to: ada.organizationID, as: .member) }
        #expect(try await bob.api.get(ada.organizationPath).status == 200)
    }

    @Test func `who joins later is suspended too, may leave, and is back when nothing is demanded any more`()
        async throws
    {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await ada.enableTwoFactor()
        #expect(try await ada.demandSecondFactor().status == 200)
        let (eve, bob) = (try await server.newcomer(), try await server.newcomer())
        for newcomer in [eve, bob] {
            try await server.join(newcomer, to: ada.organizationID, as: .member)
            #expect(try await newcomer.api.get(ada.organizationPath).status == 403)
            // Signing in leads to where one may act.
            #expect(try await newcomer.logIn().json["user"]["organization_id"] == .string(newcomer.organizationID))
        }
        #expect(try await bob.api.put(ada.organizationPath + "/members/\(bob.id)", ["role": "viewer"]).status == 403)
        #expect(try await bob.api.post(ada.organizationPath + "/leave").status == 204)
        #expect(try await bob.api.get(ada.organizationPath).status == 404)
        #expect(try await ada.demandSecondFactor(false).status == 200)
        #expect(try await eve.api.get(ada.organizationPath).status == 200)
    }

    @Test func `a guest without one is shut out as well`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        _ = try await ada.enableTwoFactor()
        let project = try #require(try await ada.api.post("/api/v1/projects", ["name": "P"]).json["id"].string)
        let grant: JSONValue = [
            "user_id": .string(eve.id), "resource": ["type": "project", "id": .string(project)], "role": "viewer",
        ]
        #expect(try await ada.api.post(ada.organizationPath + "/grants", grant).status == 201)
        let guest = try await eve.switching(to: ada.organizationID)
        #expect(try await guest.api.get("/api/v1/projects").status == 200)
        #expect(try await ada.demandSecondFactor().status == 200)
        #expect(try await guest.api.get("/api/v1/projects").status == 401)
        let home = try await eve.refresh(guest.refreshToken).json
        #expect(home["user"]["organization_id"] == .string(eve.organizationID))
    }

    @Test func `a second factor that an organization demands is not turned off`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (_, recoveryCodes) = try await ada.enableTwoFactor()
        #expect(try await ada.demandSecondFactor().status == 200)
        let path = "/api/v1/auth/two-factor"
        let refused = try await ada.delete(
            path, ["password": .string(Newcomer.password), "code": .string(recoveryCodes[0])])
        #expect(refused.status == 409)
        #expect(refused.json["detail"].string?.contains("requires a second factor") == true)
        #expect(try await ada.demandSecondFactor(false).status == 200)
        let done = try await ada.delete(
            path, ["password": .string(Newcomer.password), "code": .string(recoveryCodes[1])])
        #expect(done.status == 204)
    }
}

extension Newcomer {
    fileprivate var organizationPath: String { "/api/v1/organizations/\(organizationID)" }

    fileprivate var organization: JSONValue {
        get async throws { try await api.get(organizationPath).json }
    }

    fileprivate func demandSecondFactor(
        _ isDemanded: Bool = true, in organization: String? = nil
    ) async throws -> TestHTTPResponse {
        let path = "/api/v1/organizations/\(organization ?? organizationID)"
        let name = try await api.get(path).json["name"]
        return try await api.put(path, ["name": name, "requires_two_factor": .bool(isDemanded)])
    }
}
