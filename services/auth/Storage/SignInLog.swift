import Foundation
import Kernel
import Postgres

/// What the audit log keeps of sign-ins: for who signed in, from where it was; for the organization in which the session
/// begins, that it does. A sign-in that fails leads into none, so it is the account's user who is told.
struct SignInLog: Sendable {
    /// What was wrong.
    enum Step: String, Encodable {
        case password
        case secondFactor = "second_factor"
        /// A provider vouched for the person, and yet the account is not to be had that way.
        case provider
    }

    /// What something was asked for.
    enum Occasion: String {
        case signIn = "user.sign_in_failed"
        /// By who is signed in, before something that would lock the user out.
        case confirmation = "user.confirmation_failed"

        fileprivate func actor(_ user: UUID) throws -> JSONB {
            self == .confirmation ? try Actor.user(user) : try JSONB(["type": "unknown"])
        }
    }

    let database: PostgresClient

    /// The rows of a session that is being opened.
    static func opened(_ session: NewSession) throws -> [SQL] {
        let own = AuditEntry(
            type: "user.signed_in", entityID: session.userID, organizationID: nil,
            actor: try Actor.user(session.userID),
            data: try JSONB(SignInData(session.client, sessionID: session.id, kind: session.terms.kind)))
        return try [own.insert]
            + SessionLog.opened(
                session.id, kind: session.terms.kind, of: session.userID, in: session.membership?.organizationID)
    }

    /// Notes that somebody has failed to sign in, or to confirm who they are, once a minute for an account and occasion,
    /// so that a flood does not fill the log.
    ///
    /// - Parameter user: Nil where there is no such account; the same is done to no effect, so that it takes as long.
    func failed(
        _ user: UUID?, at step: Step, of occasion: Occasion = .signIn, _ client: ClientDescription
    ) async throws {
        let id = user ?? UUID.v7()
        let type = occasion.rawValue
        _ = try await database.batch(
            [
                // A commit that waited for the disk would tell who has an account.
                "SELECT set_config('synchronous_commit', 'off', true)",
                "SELECT pg_advisory_xact_lock(hashtextextended('auth.' || \(type) || ' ' || \(id.text), 0))",
                """
                INSERT INTO core.events (id, timestamp, entity_id, event_type, data, actor)
                SELECT \(UUID.v7()), now(), u.id, \(type), \(try JSONB(SignInData(client, step: step))),
                    \(try occasion.actor(id))
                FROM auth.users u
                WHERE u.id = \(id) AND NOT EXISTS (
                    SELECT FROM core.events e
                    WHERE e.organization_id IS NULL AND e.entity_id = u.id AND e.event_type = \(type)
                        AND e.timestamp > now() - interval '1 minute')
                """,
            ], as: .platform)
    }
}

extension SignInLog {
    /// The row of a letter that was asked for by whoever it was, who need not be the user; none where no account has the
    /// address.
    static func resetRequested(of address: EmailAddress, _ client: ClientDescription) throws -> SQL {
        """
        INSERT INTO core.events (id, timestamp, entity_id, event_type, data, actor)
        SELECT \(UUID.v7()), now(), u.id, 'user.password_reset_requested', \(try JSONB(SignInData(client))),
            \(try JSONB(["type": "unknown"]))
        FROM auth.users u WHERE u.email = \(address.text) AND u.is_active
        """
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
