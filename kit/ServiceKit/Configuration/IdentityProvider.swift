import Foundation

/// An OpenID Connect provider that people may sign in with, as `LMS_OIDC_PROVIDERS` lists it.
public struct IdentityProvider: Sendable, Hashable, Decodable {
    /// Stands for it in paths: lower-case letters, digits and hyphens.
    public let name: String
    /// What people know it by, such as on its button.
    public let title: String
    /// Its own URL, to which the path of its discovery document is added; nothing but this very text names it in tokens.
    public let issuer: String
    /// What the provider knows this installation by.
    public let clientID: String
    /// Nil for a public client, which has PKCE alone.
    public let clientSecret: String?

    enum CodingKeys: String, CodingKey {
        case name, title, issuer
        case clientID = "client_id"
        case clientSecret = "client_secret"
    }

    /// The providers of a JSON array; nil where one is incomplete, or two have the same name or issuer.
    static func list(_ json: String) -> [IdentityProvider]? {
        guard let providers = try? JSONDecoder().decode([IdentityProvider].self, from: Data(json.utf8)),
            providers.allSatisfy(\.isUsable), Set(providers.map(\.name)).count == providers.count,
            Set(providers.map(\.issuer)).count == providers.count
        else { return nil }
        return providers
    }

    private var isUsable: Bool {
        let isSlug = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        return isSlug && (1...32).contains(name.utf8.count) && (1...64).contains(title.count) && !clientID.isEmpty
            && clientSecret != "" && isIssuer
    }

    /// OpenID Connect Discovery section 3: a URL without query and fragment. Plain http is for a provider within reach.
    private var isIssuer: Bool {
        guard let url = URLComponents(string: issuer), let host = url.host else { return false }
        return ["https", "http"].contains(url.scheme) && !host.isEmpty && url.query == nil && url.fragment == nil
            && url.user == nil
    }
}
