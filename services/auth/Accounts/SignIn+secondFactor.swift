import Foundation

/// Setting up and ending a second factor. The password is asked for once more: who finds a browser open is not to lock
/// its owner out.
extension SignIn {
    /// - Parameter code: Of the factor in force, to replace it; nil sets up the first one.
    /// - Returns: What the authenticator app is set up with, and the account's address.
    /// - Throws: ``TwoFactor/AlreadyEnabled``, ``TwoFactor/WrongCode``, and what ``confirm(_:of:client:)`` throws.
    func beginSecondFactor(
        of user: UUID, password: String, code: String? = nil, client: ClientDescription
    ) async throws -> (code: TimeBasedCode, email: String) {
        let account = try await confirm(password, of: user, client: client)
        guard let code, try await twoFactor.isRequired(of: user) else {
            return (try await twoFactor.begin(for: user), account.user.email)
        }
        try await use(code, of: user, client)
        return (try await twoFactor.beginReplacement(for: user), account.user.email)
    }

    /// - Throws: ``TwoFactor/NotBegun``, ``TwoFactor/WrongCode``, and what ``confirm(_:of:client:)`` throws.
    func renewRecoveryCodes(
        of user: UUID, password: String, code: String, client: ClientDescription
    ) async throws -> [RecoveryCode] {
        _ = try await confirm(password, of: user, client: client)
        try await use(code, of: user, client)
        return try await twoFactor.renewRecoveryCodes(of: user)
    }

    /// - Parameter code: Of the factor that ends, where it is in force.
    /// - Throws: ``TwoFactor/NotBegun``, ``TwoFactor/Required``, ``TwoFactor/WrongCode``, and what
    ///   ``confirm(_:of:client:)`` throws.
    func endSecondFactor(of user: UUID, password: String, code: String, client: ClientDescription) async throws {
        _ = try await confirm(password, of: user, client: client)
        if try await twoFactor.isRequired(of: user) { try await use(code, of: user, client) }
        try await twoFactor.remove(from: user)
    }

    private func use(_ code: String, of user: UUID, _ client: ClientDescription) async throws {
        do {
            try await twoFactor.use(code, of: user)
        } catch let error as TwoFactor.WrongCode {
            try await log.failed(user, at: .secondFactor, of: .confirmation, client)
            throw error
        }
    }
}
