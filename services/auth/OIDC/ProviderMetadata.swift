import Foundation
import ServiceKit

/// What a provider says of itself (OpenID Connect Discovery section 3), as far as it matters here.
struct ProviderMetadata: Sendable, Hashable, Decodable {
    /// How the token endpoint is shown who asks.
    enum ClientAuthentication: String, Sendable, Hashable {
        case none
        case basic = "client_secret_basic"
        case post = "client_secret_post"
    }

    let issuer: String
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let keySetURL: String
    let userInfoEndpoint: String?
    /// Without it the token endpoint takes `client_secret_basic`.
    let clientAuthentications: [String]?

    enum CodingKeys: String, CodingKey {
        case issuer
        case authorizationEndpoint = "authorization_endpoint"
        case tokenEndpoint = "token_endpoint"
        case keySetURL = "jwks_uri"
        case userInfoEndpoint = "userinfo_endpoint"
        case clientAuthentications = "token_endpoint_auth_methods_supported"
    }

    /// Section 4.3: the document must be the issuer's own. What an issuer with https names has https as well.
    func check(against provider: IdentityProvider) throws(ProviderError) {
        guard issuer == provider.issuer else {
            throw .unusable(document: "discovery document", reason: "it names another issuer")
        }
        let schemes = issuer.hasPrefix("https:") ? ["https"] : ["https", "http"]
        for url in [authorizationEndpoint, tokenEndpoint, keySetURL] + (userInfoEndpoint.map { [$0] } ?? []) {
            guard let components = URLComponents(string: url), components.host?.isEmpty == false,
                schemes.contains(components.scheme ?? "")
            else {
                throw .unusable(document: "discovery document", reason: "an endpoint is no \(schemes[0]) URL")
            }
        }
        _ = try clientAuthentication(hasSecret: provider.clientSecret != nil)
    }

    func clientAuthentication(hasSecret: Bool) throws(ProviderError) -> ClientAuthentication {
        guard hasSecret else { return .none }
        let offered = clientAuthentications ?? [ClientAuthentication.basic.rawValue]
        for method in [ClientAuthentication.basic, .post] where offered.contains(method.rawValue) { return method }
        throw .unusable(
            document: "discovery document", reason: "it offers neither client_secret_basic nor client_secret_post")
    }
}
