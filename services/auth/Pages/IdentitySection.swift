import HTTPKit

/// By way of which providers somebody signs in, and may sign in.
struct IdentitySection: Sendable {
    struct Item: Sendable {
        let id: String
        /// What people know the provider by; its URL where it is not configured any more.
        let provider: String
        let email: String?
        let linked: Moment
        let lastUsed: Moment
    }

    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    /// Whether something is left to sign in with when one is taken away.
    let canUnlink: Bool
    /// Why one was not taken away.
    let message: String?
    /// Of the providers at which nothing is linked.
    let links: [ProviderLink]
    let hasLinks: Bool

    /// Nil where there is nothing to link and nothing linked.
    init?(_ account: ProfileContents, _ form: FormState) {
        guard !account.providers.isEmpty || account.waysIn.identityCount > 0 else { return nil }
        items = account.identities.items.map { identity in
            Item(
                id: identity.id.text,
                provider: account.providers.first { $0.issuer == identity.issuer }?.title ?? identity.issuer,
                email: identity.email, linked: Moment(identity.createdAt), lastUsed: Moment(identity.lastUsedAt))
        }
        hasItems = !items.isEmpty
        pager = account.identities.pager("Linked identities", cursor: "identities")
        canUnlink = account.waysIn.hasOthersThanOneIdentity
        message = form.message
        links = account.providers.filter { !account.waysIn.issuers.contains($0.issuer) }.map { provider in
            ProviderLink(provider, next: "\(ProfilePages.path)?done=\(ProfileNotice.identityLinked.rawValue)")
        }
        hasLinks = !links.isEmpty
    }
}
