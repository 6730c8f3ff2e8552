import Foundation
import Identity
import Postgres

/// Marks an account to be deleted when the grace is over, as its user wants it.
struct AccountDeletion: Sendable {
    enum Refusal: Error {
        /// The address given is another one.
        case addressMismatch
        /// Others belong to organizations, named here, that would be without an owner.
        case lastOwner([String])
        /// Nobody else administers the platform.
        case lastSuperuser
        /// Nothing is to be restored, or cannot be any more.
        case notBeingDeleted
    }

    let store: AccountDeletionStore
    let signIn: SignIn
    let grace: Duration

    /// - Parameters:
    ///   - email: The account's, repeated, so that it is not deleted by a slip.
    ///   - password: The account's.
    /// - Returns: When it is deleted; asked again, that stays where it is.
    /// - Throws: ``Refusal``, ``SignIn/WrongCredentials``, ``SignInGuard/TooManyAttempts``.
    func request(
        _ user: UUID, confirmedBy email: String, password: String, client: ClientDescription
    ) async throws -> Timestamp {
        let account = try await signIn.confirm(password, of: user, client: client)
        guard EmailAddress(email)?.text == account.user.email else { throw Refusal.addressMismatch }
        return try await store.mark(user, endingAt: Timestamp.now.adding(grace))
    }

    /// - Throws: ``Refusal/notBeingDeleted``.
    func restore(_ user: UUID) async throws {
        guard try await store.restore(user) else { throw Refusal.notBeingDeleted }
    }
}
