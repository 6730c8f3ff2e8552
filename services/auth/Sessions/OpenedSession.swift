import Identity

/// A session that has just been opened, and what keeps it.
struct OpenedSession: Sendable {
    let session: ActiveSession
    let terms: SessionTerms
    /// Nil where a cookie keeps the session.
    let refreshToken: SecretToken?

    init(_ new: NewSession, _ session: ActiveSession) {
        self.session = session
        terms = new.terms
        refreshToken = new.refreshToken
    }
}
