import EventBus
import Foundation
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import AuthService

/// How many members the plan of an organization allows.
@Suite struct MemberLimitTests {
    @Test func `as many are invited as the plan has places, members included`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        try await tell(server, ada, members: 3, version: 1)
        let first = try await invite(by: ada)
        #expect(first.status == 201)
        #expect(try await invite(by: ada).status == 201)
        try await expectLimit(of: invite(by: ada))
        let page = try await ada.browser().submit(
            ada.path, [("email", AuthServer.newAddress()), ("role", "viewer")], from: ada.page)
        #expect(page.status == 402)
        // One that is taken back makes room, and so does one that has run out, until it is sent again.
        #expect(try await ada.api.delete("\(ada.invitations)/\(first.json["id"].string ?? "")").status == 204)
        let second = try await invite(by: ada)
        #expect(second.status == 201)
        let id = try #require(second.json["id"].string)
        _ = try await server.query(
            "UPDATE auth.invitations SET expires_at = now() WHERE id = \(UUID(uuidString: id))")
        #expect(try await invite(by: ada).status == 201)
        try await expectLimit(of: ada.api.post("\(ada.invitations)/\(id)/resend"))
    }

    @Test func `whoever accepts finds no place where the plan has become a smaller one`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let invited = try await invite(eve.email, by: ada)
        let token = try #require(invited.json["token"].string)
        try await tell(server, ada, members: 1, version: 1)
        try await expectLimit(of: eve.api.post("/api/v1/invitations/\(token)/accept"))
        #expect(try await ada.members() == 1)
        // The invitation waits until there is room.
        try await tell(server, ada, members: 2, version: 2)
        #expect(try await eve.api.post("/api/v1/invitations/\(token)/accept").status == 200)
        #expect(try await ada.members() == 2)
    }

    @Test func `of two who accept at once the last place is one's`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let people = [try await server.newcomer(), try await server.newcomer()]
        var tokens: [String] = []
        for person in people {
            tokens.append(try #require(try await invite(person.email, by: ada).json["token"].string))
        }
        try await tell(server, ada, members: 2, version: 1)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for (person, token) in zip(people, tokens) {
                group.addTask { try await person.api.post("/api/v1/invitations/\(token)/accept").status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [200, 402])
        #expect(try await ada.members() == 2)
    }

    @Test func `no limit is none, and an older one counts no more`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        try await tell(server, ada, members: nil, version: 2)
        try await publish(server, ada, members: 1, version: 1)
        // What comes behind it has been applied behind it.
        let mark = try await server.newcomer()
        try await tell(server, mark, members: 7, version: 1)
        #expect(try await limit(server, of: ada) == -1)
        #expect(try await invite(by: ada).status == 201)
    }

    @Test func `when events are lost, limits become those of billing`() async throws {
        let billing = try await TestOwner.start()
        let server = try await AuthServer.start(
            on: AuthServer.makeDatabase(), settings: ["LMS_BILLING_URL": billing.url])
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        try await tell(server, ada, members: 5, version: 1)
        try await tell(server, eve, members: 5, version: 1)
        billing.set("limits", [try event(ada, members: 7, version: 2)])
        let redis = RedisClient(try RedisConfiguration(url: server.database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        try await redis.del(StreamName.events(.billing))
        try await eventually(within: .seconds(30)) { try await limit(server, of: ada) == 7 }
        try await eventually { try await limit(server, of: eve) == nil }
    }

    // MARK: Parts

    private func invite(
        _ email: String = AuthServer.newAddress(), by owner: Newcomer
    ) async throws -> TestHTTPResponse {
        try await owner.api.post(owner.invitations, ["email": .string(email), "role": "viewer"])
    }

    private func expectLimit(of response: TestHTTPResponse) {
        #expect(response.status == 402, "\(response)")
        #expect(response.json["type"] == "urn:lms:problem:limit:members")
        #expect(response.json["detail"].string?.contains("'free'") == true)
    }

    private func event(_ owner: Newcomer, members: Int?, version: Int) throws -> Event {
        try Event(
            source: .billing, type: "limits.changed", subject: owner.organizationID, subjectVersion: version,
            organizationID: UUID(uuidString: owner.organizationID),
            data: [
                "organization_id": .string(owner.organizationID), "plan": "free",
                "limits": ["devices": 1, "members": members.map { .number(Double($0)) } ?? .null],
            ] as JSONValue)
    }

    private func publish(_ server: AuthServer, _ owner: Newcomer, members: Int?, version: Int) async throws {
        let redis = RedisClient(try RedisConfiguration(url: server.database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        let told = try event(owner, members: members, version: version)
        try await redis.xadd(StreamName.events(.billing), [("event", told.json)])
    }

    /// Tells of limits, and waits until they are known.
    private func tell(_ server: AuthServer, _ owner: Newcomer, members: Int?, version: Int) async throws {
        try await publish(server, owner, members: members, version: version)
        try await eventually { try await limit(server, of: owner) == members ?? -1 }
    }

    /// What the projection holds, -1 for unlimited; nil while it holds nothing.
    private func limit(_ server: AuthServer, of owner: Newcomer) async throws -> Int? {
        let rows = try await server.query(
            """
            SELECT coalesce(members, -1) FROM auth.limits
            WHERE organization_id = \(UUID(uuidString: owner.organizationID))
            """)
        return try rows.first?.decode(Int.self, at: 0)
    }
}

extension Newcomer {
    fileprivate var invitations: String { "/api/v1/organizations/\(organizationID)/invitations" }
    /// Of the organization.
    fileprivate var page: String { "/organizations/\(organizationID)" }
    /// Of the form for inviting.
    fileprivate var path: String { page + "/invitations" }

    fileprivate func members() async throws -> Int? {
        try await api.get("/api/v1/organizations/\(organizationID)/members").json["items"].array?.count
    }
}
