import Foundation
import Identity
import Kernel
import Postgres

/// A session about to be opened.
struct NewSession: Sendable {
    let id = UUID.v7()
    let userID: UUID
    let membership: Membership?
    let terms: SessionTerms
    let client: ClientDescription
    let expiresAt: Timestamp
    /// What keeps the session; nil where a cookie does.
    let refreshToken: SecretToken?

    init(userID: UUID, membership: Membership?, terms: SessionTerms, client: ClientDescription, at now: Timestamp) {
        self.userID = userID
        self.membership = membership
        self.terms = terms
        self.client = client
        expiresAt = now.adding(terms.lifetime)
        refreshToken = terms == .api ? SecretToken(.refresh) : nil
    }

    /// Inserts its rows; to be run in one transaction.
    var statements: [SQL] {
        var statements: [SQL] = [
            """
            INSERT INTO auth.sessions
                (id, user_id, organization_id, kind, is_remembered, user_agent, address, expires_at)
            VALUES (\(id), \(userID), \(membership?.organizationID), \(terms.kind), \(terms == .rememberedBrowser),
                \(client.userAgent), \(client.address), \(expiresAt))
            """
        ]
        if let refreshToken {
            statements.append(
                """
                INSERT INTO auth.refresh_tokens (hash, session_id, expires_at)
                VALUES (\(refreshToken.hash.bytes), \(id), \(expiresAt))
                """)
        }
        return statements
    }
}

extension SecretToken.Kind {
    /// `lms_ref_…`: exchanged for new tokens, once.
    static let refresh = SecretToken.Kind(prefix: "lms_ref_")
}
