import Foundation
import HTTPTypes
import Outbound
import ServiceKit

/// A provider as a relying party sees it (OpenID Connect Core): where to send people, and what it says of who comes back.
struct OpenIDProvider: Sendable {
    let settings: IdentityProvider
    private let http: ProviderClient
    private let metadata: FetchedDocument<ProviderMetadata>
    private let keys: FetchedDocument<ProviderKeySet>

    init(_ settings: IdentityProvider, http: HTTPClient) {
        let client = ProviderClient(http: http)
        let metadata = FetchedDocument {
            let base = settings.issuer.hasSuffix("/") ? String(settings.issuer.dropLast()) : settings.issuer
            let document: ProviderMetadata = try await client.get(
                base + "/.well-known/openid-configuration", "discovery document")
            try document.check(against: settings)
            return document
        }
        self.settings = settings
        self.metadata = metadata
        self.http = client
        keys = FetchedDocument { try await client.get(metadata.value().keySetURL, "key set") }
    }

    /// Where a browser is sent to (section 3.1.2.1).
    ///
    /// - Throws: ``ProviderError``.
    func authorizationURL(for flow: LoginFlow, redirectURI: String) async throws -> String {
        let endpoint = try await metadata.value().authorizationEndpoint
        let query = FormEncoding.encode([
            "response_type": "code", "client_id": settings.clientID, "redirect_uri": redirectURI,
            "scope": "openid email profile", "state": flow.state.secret, "nonce": flow.nonce,
            "code_challenge": flow.proofKey.challenge, "code_challenge_method": "S256",
        ])
        return endpoint + (endpoint.contains("?") ? "&" : "?") + query
    }

    /// Exchanges a code, once, for what the provider says of the person.
    ///
    /// - Throws: ``ProviderError``, `CancellationError`.
    func person(code: String, of flow: PendingLogin, redirectURI: String) async throws -> PersonClaims {
        let metadata = try await metadata.value()
        let tokens = try await http.tokens(
            from: metadata, for: settings,
            ["code": code, "redirect_uri": redirectURI, "code_verifier": flow.proofKey.verifier])
        let claims = try await claims(of: tokens.idToken)
        do {
            try claims.validate(
                issuer: settings.issuer, clientID: settings.clientID, nonce: flow.nonce, at: Date())
        } catch {
            throw ProviderError.untrusted(error)
        }
        guard claims.person.email == nil, let endpoint = metadata.userInfoEndpoint else { return claims.person }
        return try await person(claims.person, completedFrom: endpoint, tokens.accessToken)
    }

    /// The provider may have changed its keys since they were fetched; a token need not say which one it takes.
    private func claims(of token: String) async throws -> IDTokenClaims {
        do {
            do {
                return try await keys.value().claims(of: token)
            } catch let error as IDTokenError where error == .unknownKey || error == .badSignature {
                return try await keys.refreshed().claims(of: token)
            }
        } catch let error as IDTokenError {
            throw ProviderError.untrusted(error)
        }
    }

    private func person(
        _ known: PersonClaims, completedFrom endpoint: String, _ accessToken: String
    ) async throws -> PersonClaims {
        var told: PersonClaims = try await http.get(
            endpoint, "userinfo", headers: [.authorization: "Bearer " + accessToken])
        // Section 5.3.4: another person's are not to be taken.
        guard told.subject == known.subject else {
            throw ProviderError.unusable(document: "userinfo", reason: "it is about somebody else")
        }
        told.name = told.name ?? known.name
        return told
    }
}
