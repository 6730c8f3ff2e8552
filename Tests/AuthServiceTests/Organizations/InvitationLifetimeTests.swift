import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

/// How long an invitation waits for its answer.
@Suite struct InvitationLifetimeTests {
    private struct Invited {
        let server: AuthServer
        let (ada, grace): (Newcomer, Newcomer)
        let made: JSONValue

        /// Grace, whose address is confirmed, is invited by Ada.
        init() async throws {
            server = try await AuthServer.shared()
            (ada, grace) = (try await server.newcomer(), try await server.newcomer())
            try await server.verifyAddress(of: grace)
            let response = try await ada.api.post(
                "/api/v1/organizations/\(ada.organizationID)/invitations",
                ["email": .string(grace.email), "role": "member"])
            guard response.status == 201 else { throw UnexpectedAnswer(response: response) }
            made = response.json
        }

        var id: String { get throws { try #require(made["id"].string) } }
        var token: String { get throws { try #require(made["token"].string) } }

        /// As if the invitation had been made so much earlier.
        func age(by interval: String) async throws {
            _ = try await server.query(
                """
                UPDATE auth.invitations
                SET created_at = created_at - \(interval)::interval, sent_at = sent_at - \(interval)::interval,
                    expires_at = expires_at - \(interval)::interval
                WHERE id = \(UUID(uuidString: try id))
                """)
        }

        /// The ids of what Grace is invited to.
        func listed() async throws -> [String] {
            try await grace.api.get("/api/v1/invitations").json["items"].array?.compactMap { $0["id"].string } ?? []
        }

        func page() async throws -> TestHTTPResponse {
            try await Browser(client: server.client()).get("/invitations/\(try token)")
        }
    }

    @Test func `it ends fourteen days after it was made`() async throws {
        let invited = try await Invited()
        let created = try #require(invited.made["created_at"].string.flatMap(Timestamp.init(rfc3339:)))
        let end = try #require(invited.made["expires_at"].string.flatMap(Timestamp.init(rfc3339:)))
        // The database's clock says when it was made, the service's when it ends.
        let difference = end.since(created) - .seconds(14 * 86_400)
        #expect((.seconds(-60) ... .seconds(60)).contains(difference))

        try await invited.age(by: "335 hours 59 minutes")
        #expect(try await invited.listed() == [try invited.id])
        #expect(try await invited.page().status == 200)
        try await invited.age(by: "1 minute")
        #expect(try await invited.listed() == [])
        #expect(try await invited.page().status == 404)
    }

    @Test func `when it has ended it is not declined, not listed to who is invited, and its page says so`() async throws
    {
        let invited = try await Invited()
        try await invited.age(by: "336 hours")
        #expect(try await invited.listed() == [])
        let stranger = invited.server.client()
        #expect(try await stranger.post("/api/v1/invitations/\(try invited.token)/decline").status == 404)
        for reference in [try invited.token, try invited.id] {
            #expect(try await invited.grace.api.post("/api/v1/invitations/\(reference)/decline").status == 404)
        }
        let page = try await invited.page()
        #expect(page.status == 404)
        #expect(page.text.contains("There is no such invitation (any more)."), "\(page)")
        // Who has invited sees it, and can send it again.
        let path = "/api/v1/organizations/\(invited.ada.organizationID)/invitations"
        let kept = try await invited.ada.api.get(path).json["items"].array?.map { $0["id"] }
        #expect(kept == [.string(try invited.id)])
    }
}
