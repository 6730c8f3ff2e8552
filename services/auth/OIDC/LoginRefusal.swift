import HTTPKit

/// Why somebody who comes from a provider is not signed in.
enum LoginRefusal: Error, Sendable, Hashable, CaseIterable {
    /// There is no such provider.
    case unknownProvider
    /// It was begun too long ago, in another browser, by another user, or is over already.
    case invalidFlow
    /// The person, or the provider, does not want it.
    case denied
    case codeRefused
    case untrusted
    case providerUnavailable
    case addressMissing
    case addressUnverified
    /// There is an account with the address, which nobody has verified here.
    case accountUnverified
    /// Who is signed in has yet to verify the address of the account.
    case ownAddressUnverified
    case accountClosed
    /// The identity belongs to another account.
    case identityTaken
    /// Some other page sent somebody who is signed in to add an identity.
    case foreignStart
}

extension LoginRefusal: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .unknownProvider: .notFound("There is no such way to sign in.")
        case .invalidFlow:
            .badRequest(
                "This sign-in was begun too long ago or in another browser, or it is over already. Begin it again.")
        case .denied: .forbidden("The provider did not let you sign in, or you told it not to.")
        case .codeRefused: .badRequest("The provider does not know of this sign-in any more. Begin it again.")
        case .untrusted: .forbidden("What the provider says of you cannot be trusted. Begin the sign-in again.")
        case .providerUnavailable: .unavailable(retryAfter: 5, "The provider cannot be used just now. Try again later.")
        case .addressMissing: .forbidden("The provider tells no e-mail address that an account here can have.")
        case .addressUnverified:
            .forbidden("The provider has not verified your e-mail address. Verify it there, and sign in again.")
        case .accountUnverified:
            .conflict(
                """
                There is an account with your e-mail address, which is not verified here. Sign in with its password \
                first; then you can add this way to sign in.
                """)
        case .ownAddressUnverified:
            .conflict("Verify the e-mail address of your account first; then you can add this way to sign in.")
        case .accountClosed: .forbidden("Your account is closed.")
        case .identityTaken: .conflict("This identity belongs to another account here.")
        case .foreignStart: .forbidden("A way to sign in is added from a page of this site only.")
        }
    }
}

extension LoginRefusal {
    /// What somebody is told of what a provider did not do.
    init(_ error: ProviderError) {
        switch error {
        case .codeRefused: self = .codeRefused
        case .untrusted: self = .untrusted
        case .unreachable, .unusable: self = .providerUnavailable
        }
    }

    /// What the provider says instead of a code (RFC 6749 section 4.1.2.1).
    init(authorizationError code: String) {
        switch code {
        case "server_error", "temporarily_unavailable": self = .providerUnavailable
        default: self = .denied
        }
    }
}
