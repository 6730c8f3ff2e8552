import HTTPKit

/// Turns what the parts of this service throw into what the client is told.
func describingProblems<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch {
        throw Problem(authentication: error) ?? error
    }
}

extension Problem {
    /// Nil for an error that is not of this service.
    fileprivate init?(authentication error: any Error) {
        switch error {
        case is SignIn.WrongCredentials:
            self = .unauthorized("The e-mail address or the password is wrong.")
        case is SignIn.NoPassword:
            self = .conflict("The account has no password yet; set one first, as if it were forgotten.")
        case is IdentityStore.LastWayIn:
            self = .conflict("Without it you could not sign in any more; set a password first.")
        case is SignIn.InvalidChallenge:
            self = .unauthorized("This sign-in has taken too long; begin again with the password.")
        case is Passwords.InvalidToken:
            self = .invalid("token", "is not valid (any more); ask for another letter")
        case is EmailVerification.InvalidToken:
            self = .invalid("token", "is not valid (any more); ask for another letter")
        case is EmailVerification.AlreadyVerified:
            self = .conflict("The address is verified already.")
        case is TwoFactor.WrongCode:
            self = .unauthorized("The code is wrong, or was used before.")
        case is TwoFactor.AlreadyEnabled:
            self = .conflict("There is a second factor already.")
        case let error as TwoFactor.Required:
            self = .conflict("\(error.organizationName) requires a second factor of its members.")
        case is TwoFactor.NotBegun:
            self = .conflict("There is no second factor.")
        case is Sessions.InvalidRefreshToken:
            self = .unauthorized("The refresh token is not valid (any more); sign in again.")
        case is Registrar.AddressTaken:
            self = .conflict("Somebody has registered with this e-mail address already.")
        case let error as SignInGuard.TooManyAttempts:
            self = .tooManyRequests(
                retryAfter: error.retryAfter.wholeSeconds, "There were too many attempts; wait before the next one.")
        case let error as PasswordHasher.Overloaded:
            self = .unavailable(
                retryAfter: error.retryAfter.wholeSeconds, "Too many people are signing in just now; try again.")
        case is RelationshipStore.Exists:
            self = .conflict("There is such a relationship between the two already.")
        case let error as RelationshipStore.NoSuchEntity:
            self = .invalid(
                error.isSource ? "from_entity" : "to_entity", "must be an entity of the organization; people are none")
        case is AccessTokenStore.TooManyTokens:
            self = .conflict("You have \(AccessTokenStore.maximumPerUser) tokens already; delete one.")
        case let refusal as GrantStore.Refusal:
            self = Self.refusal(refusal)
        case is SigningKeys.NotLoaded:
            self = .unavailable()
        default:
            return nil
        }
    }
}

extension Problem {
    private static func refusal(_ refusal: GrantStore.Refusal) -> Problem {
        switch refusal {
        case .noSuchUser: .invalid("user_id", "names nobody")
        case .noSuchToken: .invalid("token_id", "names no token of this organization")
        case .noSuchResource: .invalid("resource.id", "names no such resource of this organization")
        case .exists: .conflict("There is a grant for this already; delete it first.")
        case .tooMany: .conflict("There are \(GrantStore.maximumPerHolder) grants already, which is as many as fit.")
        }
    }
}

extension Duration {
    /// Rounded up, at least 1.
    fileprivate var wholeSeconds: Int {
        max(1, Int(components.seconds) + (components.attoseconds > 0 ? 1 : 0))
    }
}
