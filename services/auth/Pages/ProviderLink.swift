import ServiceKit

/// The button of a provider.
struct ProviderLink: Sendable, Hashable {
    let title: String
    let href: String

    /// - Parameter next: As it was asked for; checked where the link leads.
    init(_ provider: IdentityProvider, next: String?) {
        title = provider.title
        href =
            "/api/v1/auth/oidc/\(provider.name)/start"
            + (next.map { "?" + FormEncoding.encode(["next": $0]) } ?? "")
    }
}

/// What `oidc-refused.mustache` reads as `page`.
struct RefusedLoginPage: Sendable {
    /// Why, and what to do.
    let message: String
    /// Whether an identity was to be added, and not somebody let in.
    let isSignedIn: Bool
}
