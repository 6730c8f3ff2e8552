import Foundation
import Kernel
import Postgres

/// What the audit log keeps of sign-ins.
struct SignInLog: Sendable {
    /// What was wrong.
    enum Step: String, Encodable {
        case password
        case secondFactor = "second_factor"
    }

    let database: PostgresClient

    /// The row of a session that is being opened.
    static func opened(_ session: NewSession) throws -> SQL {
        AuditEntry(
            type: "user.signed_in", entityID: session.userID, organizationID: nil,
            actor: try Actor.user(session.userID),
            data: try JSONB(SignInData(session.client, sessionID: session.id, kind: session.terms.kind))
        ).insert
    }

    /// Notes that somebody has failed to sign in, once a minute for an account, so that a flood does not fill the log.
    ///
    /// - Parameter user: Nil where there is no such account; the same is done to no effect, so that it takes as long.
    func failed(_ user: UUID?, at step: Step, _ client: ClientDescription) async throws {
        let id = user ?? UUID.v7()
        let type = "user.sign_in_failed"
        _ = try await database.batch(
            [
                // A commit that waited for the disk would tell who has an account.
                "SELECT set_config('synchronous_commit', 'off', true)",
                "SELECT pg_advisory_xact_lock(hashtextextended('auth.sign_in_failed ' || \(id.text), 0))",
                """
                INSERT INTO core.events (id, timestamp, entity_id, event_type, data, actor)
                SELECT \(UUID.v7()), now(), u.id, \(type), \(try JSONB(SignInData(client, step: step))),
                    \(try JSONB(["type": "unknown"]))
                FROM auth.users u
                WHERE u.id = \(id) AND NOT EXISTS (
                    SELECT FROM core.events e
                    WHERE e.organization_id IS NULL AND e.entity_id = u.id AND e.event_type = \(type)
                        AND e.timestamp > now() - interval '1 minute')
                """,
            ], as: .platform)
    }
}

private struct SignInData: Encodable {
    let sessionID: String?
    let kind: String?
    let step: SignInLog.Step?
    let address: String?
    let userAgent: String?

    init(_ client: ClientDescription, sessionID: UUID? = nil, kind: String? = nil, step: SignInLog.Step? = nil) {
        self.sessionID = sessionID?.text
        self.kind = kind
        self.step = step
        address = client.address
        userAgent = client.userAgent
    }

    enum CodingKeys: String, CodingKey {
        case sessionID = "session_id"
        case kind, step, address
        case userAgent = "user_agent"
    }
}
