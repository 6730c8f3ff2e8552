import Foundation
import Identity
import Postgres

/// The second factor of accounts: codes of an authenticator app, and recovery codes for when it is lost.
struct TwoFactor: Sendable {
    /// A factor is in force already.
    struct AlreadyEnabled: Error {}
    /// There is none to confirm, or to end.
    struct NotBegun: Error {}
    /// An organization of the user demands one.
    struct Required: Error {
        let organizationName: String
    }
    /// The code is not the one of now, or was used before.
    struct WrongCode: Error {}

    let store: TwoFactorStore
    let limit: SignInGuard
    let announcer: RevocationAnnouncer

    /// Whether somebody has to show a second factor to sign in.
    func isRequired(of user: UUID) async throws -> Bool {
        try await store.factor(of: user)?.confirmedAt != nil
    }

    /// - Throws: ``AlreadyEnabled``.
    func begin(for user: UUID) async throws -> TimeBasedCode {
        let code = TimeBasedCode()
        guard try await store.begin(code, for: user) else { throw AlreadyEnabled() }
        return code
    }

    /// Begins to replace the factor, which stays in force until ``confirm(_:of:)``.
    ///
    /// - Throws: ``NotBegun``.
    func beginReplacement(for user: UUID) async throws -> TimeBasedCode {
        let code = TimeBasedCode()
        guard try await store.beginReplacement(code, for: user) else { throw NotBegun() }
        return code
    }

    /// Puts the factor that was begun in force once its owner has shown a code of it, in the place of one before. The
    /// recovery codes of that are void.
    ///
    /// - Throws: ``NotBegun``, ``AlreadyEnabled``, ``WrongCode``, ``SignInGuard/TooManyAttempts``.
    func confirm(_ code: String, of user: UUID) async throws -> [RecoveryCode] {
        guard let factor = try await store.factor(of: user) else { throw NotBegun() }
        guard let candidate = factor.candidate else { throw AlreadyEnabled() }
        let step = try await counted(user) { candidate.code.step(of: code, at: .now) }
        let recoveryCodes = RecoveryCode.set()
        guard try await store.confirm(candidate, of: user, step: step, recoveryCodes: recoveryCodes) else {
            throw AlreadyEnabled()
        }
        return recoveryCodes
    }

    /// Gives other recovery codes; those before are void.
    ///
    /// - Throws: ``NotBegun``.
    func renewRecoveryCodes(of user: UUID) async throws -> [RecoveryCode] {
        let recoveryCodes = RecoveryCode.set()
        guard try await store.renew(recoveryCodes, of: user) else { throw NotBegun() }
        return recoveryCodes
    }

    /// Takes a code of the app or a recovery code, once.
    ///
    /// - Parameter count: Counts the attempt elsewhere, too, before the code is looked at.
    /// - Throws: ``NotBegun``, ``WrongCode``, ``SignInGuard/TooManyAttempts``, and what `count` throws.
    func use(_ code: String, of user: UUID, counting count: () async throws -> Void = {}) async throws {
        guard let factor = try await store.factor(of: user), factor.confirmedAt != nil else { throw NotBegun() }
        try await counted(user) { () -> Void? in
            try await count()
            if let step = factor.code.step(of: code, at: .now) {
                return try await store.use(step: step, of: user) ? () : nil
            }
            guard let recoveryCode = RecoveryCode(code) else { return nil }
            return try await store.use(recoveryCode, of: user) ? () : nil
        }
    }

    /// Ends the factor.
    ///
    /// - Throws: ``NotBegun``, ``Required``.
    func remove(from user: UUID) async throws {
        guard let revocations = try await store.remove(user) else { throw NotBegun() }
        for revocation in revocations { await announcer.announce(revocation) }
    }

    /// Six digits are soon guessed by who may guess without end, or often at once.
    private func counted<Value>(_ user: UUID, _ check: () async throws -> Value?) async throws -> Value {
        let attempt = SignInGuard.Attempt(account: "two-factor \(user.text)", network: nil)
        try await limit.count(attempt)
        guard let value = try await check() else { throw WrongCode() }
        await limit.succeeded(attempt)
        return value
    }
}
