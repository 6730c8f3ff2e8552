import Identity
import Postgres

/// A session that has just been opened, and what keeps it.
struct OpenedSession: Sendable {
    let session: ActiveSession
    let terms: SessionTerms
    /// Nil where a cookie keeps the session.
    let refreshToken: SecretToken?

    /// As of when tokens say what is so: what has changed since voids them.
    let openedAt: Timestamp

    init(_ new: NewSession, user: User, membership: Membership?) {
        session = ActiveSession(id: new.id, user: user, membership: membership)
        openedAt = new.openedAt
        terms = new.terms
        refreshToken = new.refreshToken
    }
}
