import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct GrantTests {
    // MARK: Giving and taking

    @Test func `an admin gives a role on one device, sees it, and takes it back`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let device = try await server.entity("device.esp32", of: ada)
        let given = try await ada.give(["user_id": .string(eve.id), "resource": .resource("device", device)])
        #expect(given.status == 201)
        #expect(given.json["user_id"].string == eve.id)
        #expect(given.json["token_id"].isNull)
        #expect(given.json["resource"] == .resource("device", device))
        #expect(given.json["role"] == "member")
        #expect(try await ada.api.get(ada.grants).json["items"] == [given.json])
        let id = try #require(given.json["id"].string)
        #expect(try await ada.api.delete("\(ada.grants)/\(id)").status == 204)
        #expect(try await ada.api.delete("\(ada.grants)/\(id)").status == 404)
        #expect(try await ada.api.delete("\(ada.grants)/x").status == 404)
        #expect(try await ada.api.get(ada.grants).json["items"] == [])
        let audited = try await server.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(device) AND data ->> 'id' = \(id) ORDER BY id")
        let types = try audited.map { try $0.decode(String.self, at: 0) }
        #expect(types == ["grant.created", "grant.deleted"])
    }

    @Test func `what is wrong with it is named`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let device = try await server.entity("device.esp32", of: ada)
        let foreign = try await server.entity("device.esp32", of: eve)
        let token = try #require(try await eve.makeAccessToken([:]).json["id"].string)
        let user = JSONValue.string(eve.id)
        let resource = JSONValue.resource("device", device)
        for (field, fields) in [
            ("user_id", ["resource": resource]),
            ("user_id", ["user_id": user, "token_id": user, "resource": resource]),
            ("user_id", ["user_id": .string(UUID().uuidString), "resource": resource]),
            ("user_id", ["user_id": "eve", "resource": resource]),
            ("token_id", ["token_id": .string(token), "resource": resource]),
            ("role", ["user_id": user, "resource": resource, "role": "owner"]),
            ("role", ["user_id": user, "resource": resource, "role": "root"]),
            ("resource.type", ["user_id": user, "resource": .resource("rule", device)]),
            ("resource.id", ["user_id": user, "resource": .resource("project", device)]),
            ("resource.id", ["user_id": user, "resource": .resource("device", foreign)]),
            ("resource", ["user_id": user]),
        ] as [(String, [String: JSONValue])] {
            let response = try await ada.give(fields)
            #expect(response.status == 422)
            #expect(response.json["errors"][0]["field"].string == field, "\(fields): \(response)")
        }
        #expect(try await ada.api.get(ada.grants).json["items"] == [])
    }

    @Test func `one grant a resource, and as many as fit into a cookie`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let device = try await server.entity("device.esp32", of: ada)
        let body: [String: JSONValue] = ["user_id": .string(eve.id), "resource": .resource("device", device)]
        #expect(try await ada.give(body).status == 201)
        #expect(try await ada.give(body.merging(["role": "viewer"]) { $1 }).status == 409)
        _ = try await server.query(
            """
            INSERT INTO auth.resource_grants
                (id, organization_id, user_id, resource_type, resource_id, role, created_by)
            SELECT gen_random_uuid(), organization_id, user_id, 'device', gen_random_uuid(), role, created_by
            FROM auth.resource_grants, generate_series(1, 31) WHERE resource_id = \(device)
            """)
        let another = try await server.entity("device.esp32", of: ada)
        let more = try await ada.give(["user_id": .string(eve.id), "resource": .resource("device", another)])
        #expect(more.status == 409)
        #expect(try await ada.api.get("\(ada.grants)?limit=20").json["next_cursor"].string != nil)
    }

    @Test func `of many that are given at once no more are there than fit`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let device = try await server.entity("device.esp32", of: ada)
        #expect(
            try await ada.give(["user_id": .string(eve.id), "resource": .resource("device", device)]).status == 201)
        _ = try await server.query(
            """
            INSERT INTO auth.resource_grants
                (id, organization_id, user_id, resource_type, resource_id, role, created_by)
            SELECT gen_random_uuid(), organization_id, user_id, 'device', gen_random_uuid(), role, created_by
            FROM auth.resource_grants, generate_series(1, 29) WHERE resource_id = \(device)
            """)
        var devices: [UUID] = []
        for _ in 0..<8 { devices.append(try await server.entity("device.esp32", of: ada)) }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for device in devices {
                group.addTask {
                    try await ada.give(["user_id": .string(eve.id), "resource": .resource("device", device)]).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 201 }.count == 2)
        #expect(Set(statuses) == [201, 409])
    }

    @Test func `only admins of the organization, and of this one`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let device = try await server.entity("device.esp32", of: ada)
        let body: JSONValue = [
            "user_id": .string(eve.id), "resource": .resource("device", device), "role": "member",
        ]
        for path in [ada.grants, "/api/v1/organizations/x/grants"] {
            #expect(try await eve.api.get(path).status == 404)
            #expect(try await eve.api.post(path, body).status == 404)
            #expect(try await eve.api.delete("\(path)/\(UUID())").status == 404)
        }
        _ = try await server.query(
            "UPDATE auth.memberships SET role = 'member' WHERE user_id = \(UUID(uuidString: ada.id))")
        let member = ada.client.authorized(try #require(try await ada.logIn().json["access_token"].string))
        #expect(try await member.get(ada.grants).status == 403)
        #expect(try await member.post(ada.grants, body).status == 403)
        #expect(try await member.delete("\(ada.grants)/\(UUID())").status == 403)
    }

    // MARK: What they are good for

    @Test func `tokens carry the grants, and every change makes them anew`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        _ = try await server.query("DELETE FROM auth.memberships WHERE user_id = \(UUID(uuidString: eve.id))")
        let device = try await server.entity("device.esp32", of: ada)
        let project = try await server.entity("project", of: ada)
        let first = try await ada.give(["user_id": .string(eve.id), "resource": .resource("device", device)])
        let session = try await eve.logIn().json
        let guest = eve.client.authorized(try #require(session["access_token"].string))
        let claims = try self.claims(session["access_token"])
        #expect(claims["org"].string == ada.organizationID)
        #expect(claims["role"].isNull)
        #expect(claims["grants"] == [.string("device:\(device.text):member")])

        let second = try await ada.give([
            "user_id": .string(eve.id), "resource": .resource("project", project), "role": "viewer",
        ])
        #expect(second.status == 201)
        #expect(try await guest.get("/api/v1/auth/me").status == 401)
        let refreshed = try await eve.refresh(try #require(session["refresh_token"].string)).json
        #expect(try self.claims(refreshed["access_token"])["grants"].array?.count == 2)

        for grant in [first, second] {
            let id = try #require(grant.json["id"].string)
            #expect(try await ada.api.delete("\(ada.grants)/\(id)").status == 204)
        }
        let last = try await eve.refresh(try #require(refreshed["refresh_token"].string)).json
        #expect(try self.claims(last["access_token"])["org"].isNull)
    }

    @Test func `a session goes on in the organization that it is in, by its grants there`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let device = try await server.entity("device.esp32", of: ada)
        let given = try await ada.give(["user_id": .string(eve.id), "resource": .resource("device", device)])
        #expect(try self.claims(.string(eve.accessToken))["grants"].isNull)
        _ = try await server.query(
            """
            UPDATE auth.sessions SET organization_id = \(UUID(uuidString: ada.organizationID))
            WHERE user_id = \(UUID(uuidString: eve.id))
            """)
        let tokens = try await eve.refresh(eve.refreshToken).json
        let claims = try self.claims(tokens["access_token"])
        #expect(claims["org"].string == ada.organizationID)
        #expect(claims["role"].isNull)
        #expect(claims["grants"] == [.string("device:\(device.text):member")])
        let id = try #require(given.json["id"].string)
        #expect(try await ada.api.delete("\(ada.grants)/\(id)").status == 204)
        let next = try await eve.refresh(try #require(tokens["refresh_token"].string)).json
        // At home she is the owner still.
        #expect(try self.claims(next["access_token"])["org"].string == eve.organizationID)
        #expect(try self.claims(next["access_token"])["role"] == "owner")
    }

    @Test func `who leaves the organization leaves grants and tokens behind`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let device = try await server.entity("device.esp32", of: ada)
        let (organization, member) = (UUID(uuidString: ada.organizationID), UUID(uuidString: eve.id))
        _ = try await server.query(
            """
            INSERT INTO auth.memberships (organization_id, user_id, role)
            VALUES (\(organization), \(member), 'member')
            """)
        #expect(
            try await ada.give(["user_id": .string(eve.id), "resource": .resource("device", device)]).status == 201)
        let token = try await ada.makeAccessToken([:]).json["id"].string
        _ = try await server.query(
            "UPDATE auth.api_tokens SET user_id = \(member) WHERE id = \(UUID(uuidString: token ?? ""))")
        // As a tenant's request would do it, which sees no tokens.
        try await withClient(server.database.configuration(.auth)) { client in
            _ = try await client.query(
                "DELETE FROM auth.memberships WHERE organization_id = \(organization) AND user_id = \(member)",
                as: .organization(try #require(organization)))
        }
        #expect(try await ada.api.get(ada.grants).json["items"] == [])
        let left = try await server.query("SELECT 1 FROM auth.api_tokens WHERE user_id = \(member)")
        #expect(left.isEmpty)
        // What is had elsewhere stays.
        let own = try await eve.makeAccessToken([:])
        #expect(own.status == 201)
    }

    @Test func `a token with grants reaches these alone, and never more than its user`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let device = try await server.entity("device.esp32", of: ada)
        let made = try await ada.makeAccessToken([:]).json
        let given = try await ada.give([
            "token_id": made["id"], "resource": .resource("device", device), "role": "admin",
        ])
        #expect(given.status == 201)
        // Whoever confines a token stays signed in.
        #expect(try await ada.api.get("/api/v1/auth/me").status == 200)
        let hash = SecretHash(of: try #require(made["token"].string))
        func holder() async throws -> JSONValue {
            let service = server.client().authorized(try await server.internalToken())
            return try await service.get("/internal/v1/api-tokens/\(hash.hex)").json
        }
        #expect(try await holder()["role"].isNull)
        #expect(try await holder()["grants"] == [.string("device:\(device.text):admin")])
        _ = try await server.query(
            "UPDATE auth.memberships SET role = 'viewer' WHERE user_id = \(UUID(uuidString: ada.id))")
        #expect(try await holder()["grants"] == [.string("device:\(device.text):viewer")])
    }

    @Test func `a token that was known before is known anew when its grants change, and holds on`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let device = try await server.entity("device.esp32", of: ada)
        let made = try await ada.makeAccessToken(["scopes": ["members:read"]]).json
        let token = ada.client.authorized(try #require(made["token"].string))
        #expect(try await token.get(ada.grants).status == 200)
        let given = try await ada.give(["token_id": made["id"], "resource": .resource("device", device)])
        // It is no admin's any more, but good.
        #expect(try await token.get(ada.grants).status == 403)
        let id = try #require(given.json["id"].string)
        #expect(try await ada.api.delete("\(ada.grants)/\(id)").status == 204)
        #expect(try await token.get(ada.grants).status == 200)
    }

    @Test func `a token's own grants are cut down to what its user may`() {
        let (device, other) = (UUID(), UUID())
        func grant(_ id: UUID, _ role: Role) -> ResourceGrant { ResourceGrant(resource: .device(id), role: role) }
        let member = Standing(organizationID: UUID(), role: .member)
        #expect(member.confined(to: []) == member)
        #expect(member.confined(to: [grant(device, .admin)]).grants == [grant(device, .member)])
        #expect(member.confined(to: [grant(device, .viewer)]).grants == [grant(device, .viewer)])
        #expect(member.confined(to: [grant(device, .viewer)]).role == nil)
        let guest = Standing(organizationID: UUID(), role: nil, grants: [grant(device, .viewer)])
        let confined = guest.confined(to: [grant(device, .admin), grant(other, .admin)])
        #expect(confined.grants == [grant(device, .viewer)])
        #expect(!guest.confined(to: [grant(other, .admin)]).isSomewhere)
    }

    private func claims(_ token: JSONValue) throws -> JSONValue {
        let part = try #require(token.string?.split(separator: ".")[1])
        return try JSONDecoder().decode(JSONValue.self, from: Data(try #require(Base64URL.decode(part))))
    }
}

extension AuthServer {
    /// A thing of a user's organization, as its service would have stored it.
    fileprivate func entity(_ type: String, of user: Newcomer) async throws -> UUID {
        let id = UUID.v7()
        let entity = Entity(id: id, organizationID: UUID(uuidString: user.organizationID), type: type, name: "Thing")
        _ = try await query(entity.insert)
        return id
    }
}

extension Newcomer {
    fileprivate var grants: String { "/api/v1/organizations/\(organizationID)/grants" }

    fileprivate func give(_ fields: [String: JSONValue]) async throws -> TestHTTPResponse {
        try await api.post(grants, .object(fields.merging(["role": "member"]) { own, _ in own }))
    }
}

extension JSONValue {
    fileprivate static func resource(_ type: String, _ id: UUID) -> JSONValue {
        ["type": .string(type), "id": .string(id.text)]
    }
}
