import EventBus
import Foundation
import Identity
import Postgres

/// Makes a user, an organization that the user owns, and the user's first session.
struct Registrar: Sendable {
    /// Somebody has registered with this address before.
    struct AddressTaken: Error {}

    let hasher: PasswordHasher
    /// By network address.
    let limit: ActionGuard
    let correspondence: Correspondence
    let issuer: TokenIssuer
    let outbox: Outbox

    /// Hashes the password: what takes time, before there is a transaction to hold up.
    ///
    /// - Throws: ``SignInGuard/TooManyAttempts``, ``PasswordHasher/Overloaded``, ``SigningKeys/NotLoaded``.
    func prepare(_ registration: Registration, client: ClientDescription) async throws -> NewUser {
        try await admit(client)
        let hash = try await hasher.withPermit { try await $0.hash(registration.password) }
        return NewUser(registration, passwordHash: hash)
    }

    /// Counts a registration, which is not begun where it could not be ended.
    ///
    /// - Throws: ``SignInGuard/TooManyAttempts``, ``SigningKeys/NotLoaded``.
    func admit(_ client: ClientDescription) async throws {
        try await limit.admit(client.network)
        try await issuer.requireKeys()
    }

    /// Stores everything, and where nobody has seen to the address a letter by which it is confirmed. After the commit
    /// ``wake()`` is to be called.
    ///
    /// - Throws: ``AddressTaken``, `PostgresError`.
    func store(
        _ new: NewUser, terms: SessionTerms, client: ClientDescription, in transaction: Transaction
    ) async throws -> OpenedSession {
        let membership = Membership(organizationID: new.organizationID, role: .owner)
        let session = NewSession(
            userID: new.id, membership: membership, terms: terms, client: client, at: .now)
        let statements =
            try UserStore.insert(new) + session.statements + Self.events(of: new).map(outbox.append)
            + (new.isVerified ? [] : correspondence.verification(of: new.email, for: new.id)) + [SessionStore.clock]
        do {
            let rows = try await transaction.batch(statements)
            guard let row = rows.first?.first, let time = rows.last?.first else {
                throw DecodingFailure.noSuchColumn(0)
            }
            let active = ActiveSession(
                id: session.id, user: try User(row), membership: membership,
                standing: Standing(organizationID: new.organizationID, role: .owner), asOf: try time.decode(at: 0))
            return OpenedSession(session, active)
        } catch let error as PostgresError where error.constraint == "users_email_key" {
            throw AddressTaken()
        }
    }

    /// Lets what was stored be told and sent.
    func wake() {
        outbox.wake()
        correspondence.queue.wake.wake()
    }

    private static func events(of new: NewUser) throws -> [Event] {
        [
            try .organizationCreated(new.organizationID, name: new.organizationName.text, owner: new.id),
            try .userRegistered(new), try .memberAdded(PersonState(new), to: new.organizationID, role: .owner),
        ]
    }
}
