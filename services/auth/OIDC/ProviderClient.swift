import Foundation
import HTTPTypes
import Outbound
import ServiceKit

/// What a provider is asked over HTTP.
struct ProviderClient: Sendable {
    private static let timeout = Duration.seconds(5)

    let http: HTTPClient

    /// What the token endpoint answers (OpenID Connect Core section 3.1.3.3).
    struct Tokens: Decodable {
        let idToken: String
        let accessToken: String

        enum CodingKeys: String, CodingKey {
            case idToken = "id_token"
            case accessToken = "access_token"
        }
    }

    /// - Throws: ``ProviderError``, `CancellationError`.
    func get<Document: Decodable>(
        _ url: String, _ name: String, headers: HTTPFields = [:]
    ) async throws -> Document {
        var request = HTTPClient.Request(url: url, headers: headers)
        request.headers[.accept] = "application/json"
        let response = try await execute(request)
        guard response.status == .ok else {
            throw ProviderError.unusable(document: name, reason: "the status is \(response.status.code)")
        }
        return try decode(response, name)
    }

    /// Exchanges a code (RFC 6749 section 4.1.3).
    ///
    /// - Throws: ``ProviderError``, `CancellationError`.
    func tokens(
        from metadata: ProviderMetadata, for provider: IdentityProvider, _ grant: KeyValuePairs<String, String>
    ) async throws -> Tokens {
        var headers: HTTPFields = [
            .accept: "application/json", .contentType: "application/x-www-form-urlencoded",
        ]
        var body = FormEncoding.encode(["grant_type": "authorization_code"]) + "&" + FormEncoding.encode(grant)
        let secret = provider.clientSecret ?? ""
        switch try metadata.clientAuthentication(hasSecret: provider.clientSecret != nil) {
        case .none: body += "&" + FormEncoding.encode(["client_id": provider.clientID])
        case .post: body += "&" + FormEncoding.encode(["client_id": provider.clientID, "client_secret": secret])
        case .basic:
            // Section 2.3.1: both are encoded before they are joined.
            let pair = FormEncoding.encode(provider.clientID) + ":" + FormEncoding.encode(secret)
            headers[.authorization] = "Basic " + Data(pair.utf8).base64EncodedString()
        }
        let response = try await execute(
            HTTPClient.Request(method: .post, url: metadata.tokenEndpoint, headers: headers, body: Array(body.utf8)))
        guard response.status == .ok else { throw Self.refusal(response) }
        return try decode(response, "token answer")
    }

    private func execute(_ request: HTTPClient.Request) async throws -> HTTPClient.Response {
        var request = request
        request.timeout = Self.timeout
        do {
            let response = try await http.execute(request)
            guard response.status.kind != .serverError else {
                throw ProviderError.unreachable(reason: "the status is \(response.status.code)")
            }
            return response
        } catch let error as TransferError {
            throw ProviderError.unreachable(reason: "\(error)")
        }
    }

    private func decode<Document: Decodable>(_ response: HTTPClient.Response, _ name: String) throws -> Document {
        do {
            return try JSONDecoder().decode(Document.self, from: Data(response.body))
        } catch {
            // The error may quote what stands there.
            throw ProviderError.unusable(document: name, reason: "it is not the JSON that was expected")
        }
    }

    /// Section 5.2: any other error than that of the code is a matter of the configuration.
    private static func refusal(_ response: HTTPClient.Response) -> ProviderError {
        struct Refusal: Decodable {
            let error: String
        }
        let code = (try? JSONDecoder().decode(Refusal.self, from: Data(response.body)))?.error
        if code == "invalid_grant" { return .codeRefused }
        return .unusable(
            document: "token answer", reason: "the status is \(response.status.code) and the error \(code ?? "unnamed")"
        )
    }
}
