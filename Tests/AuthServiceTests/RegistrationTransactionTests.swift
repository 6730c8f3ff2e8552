import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

/// A registration is stored whole or not at all.
@Suite struct RegistrationTransactionTests {
    private static let tables: [SQL] = [
        "auth.users", "auth.credentials", "auth.memberships", "auth.sessions", "auth.refresh_tokens",
        "auth.email_verifications", "auth.mail", "auth.idempotency", "core.entities",
        "core.events WHERE event_type NOT LIKE 'signing_key.%'", "core.outbox WHERE event ->> 'type' LIKE 'user.%'",
    ]

    @Test func `when its last statements fail nothing is left, and the address registers later`() async throws {
        let server = try await AuthServer.start(on: AuthServer.makeDatabase())
        // The outbox comes behind the user, the organization and the session.
        for statement in [
            """
            CREATE FUNCTION core.refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'a late one'; END $$
            """,
            """
            CREATE TRIGGER refuse BEFORE INSERT ON core.outbox FOR EACH ROW
            WHEN (new.event ->> 'type' = 'member.added') EXECUTE FUNCTION core.refuse()
            """,
        ] as [SQL] {
            _ = try await server.query(statement)
        }
        let (client, email) = (server.client(), AuthServer.newAddress())
        func register() async throws -> TestHTTPResponse {
            try await client.post(
                "/api/v1/auth/register",
                ["email": .string(email), "password": .string(Newcomer.password), "name": "Ada"],
                headers: ["idempotency-key": "the same"])
        }
        let refused = try await register()
        #expect(refused.status == 500, "\(refused)")
        #expect(!refused.text.contains("a late one"))
        for table in Self.tables {
            #expect(try await server.query("SELECT 1 FROM \(table)").isEmpty, "\(table)")
        }
        _ = try await server.query("DROP TRIGGER refuse ON core.outbox")
        #expect(try await register().status == 201)
        // One letter goes out, that of the second time.
        try await eventually { server.letters(to: email).count == 1 }
    }
}
