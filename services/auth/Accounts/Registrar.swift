import EventBus
import Foundation
import Identity
import Kernel
import Postgres

/// Makes a user, an organization that the user owns, and the user's first session.
struct Registrar: Sendable {
    /// Somebody has registered with this address before.
    struct AddressTaken: Error {}

    let users: UserStore
    let hasher: PasswordHasher
    let limit: RegistrationGuard
    let issuer: TokenIssuer
    let outbox: Outbox

    /// All of it in one transaction.
    ///
    /// - Throws: ``AddressTaken``, ``SignInGuard/TooManyAttempts``, ``PasswordHasher/Overloaded``,
    ///   ``SigningKeys/NotLoaded``, `PostgresError`.
    func register(
        _ registration: Registration, terms: SessionTerms, client: ClientDescription
    ) async throws -> OpenedSession {
        try await limit.admit(from: client.address)
        try issuer.requireKeys()
        // Spares the hash; the constraint decides.
        guard try await !users.isTaken(registration.email) else { throw AddressTaken() }
        let hash = try await hasher.withPermit { try await $0.hash(registration.password) }
        let new = NewUser(
            email: registration.email, name: registration.name, passwordHash: hash,
            organizationName: registration.organizationName)
        let membership = Membership(organizationID: new.organizationID, role: .owner)
        let session = NewSession(
            userID: new.id, membership: membership, terms: terms, client: client, at: .now)
        let user = try await insert(new, session)
        outbox.wake()
        return OpenedSession(session, user: user)
    }

    private func insert(_ new: NewUser, _ session: NewSession) async throws -> User {
        let statements = try UserStore.insert(new) + session.statements + Self.events(of: new).map(outbox.append)
        do {
            let rows = try await users.database.batch(statements, as: .platform)
            guard let row = rows.first?.first else { throw DecodingFailure.noSuchColumn(0) }
            return try User(row)
        } catch let error as PostgresError where error.constraint == "users_email_key" {
            throw AddressTaken()
        }
    }

    private static func events(of new: NewUser) throws -> [Event] {
        [
            try .organizationCreated(new.organizationID, name: new.organizationName, owner: new.id),
            try .userRegistered(new.id, email: new.email, name: new.name),
            try .memberAdded(new.id, to: new.organizationID, role: .owner, email: new.email, name: new.name),
        ]
    }
}

/// What somebody registers with, checked.
struct Registration: Sendable {
    let email: EmailAddress
    let password: String
    let name: DisplayName
    let organizationName: DisplayName
}

/// A session that has just been opened, and what keeps it.
struct OpenedSession: Sendable {
    let session: ActiveSession
    let terms: SessionTerms
    /// Nil where a cookie keeps the session.
    let refreshToken: SecretToken?

    init(_ new: NewSession, user: User) {
        session = ActiveSession(id: new.id, user: user, membership: new.membership)
        terms = new.terms
        refreshToken = new.refreshToken
    }
}
