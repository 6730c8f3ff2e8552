import HTTPKit
import Hummingbird

extension TokenIssuer {
    /// What a program is answered when its session is opened.
    func answer(
        _ opened: OpenedSession, organizationName: DisplayName? = nil, status: HTTPResponse.Status = .ok
    ) async throws -> JSON<TokenAnswer> {
        guard let refreshToken = opened.refreshToken else { preconditionFailure("a session of a program has one") }
        let tokens = try await tokens(of: opened.session, refreshToken: refreshToken)
        let organization = organizationName.flatMap { name in
            opened.session.membership.map { OrganizationAnswer($0, name: name.text) }
        }
        // RFC 6749 §5.1: tokens are not to be kept by caches.
        return JSON(
            TokenAnswer(tokens, organization: organization), status: status, headers: [.cacheControl: "no-store"])
    }
}

/// The answer to a right password where a second factor is to be shown.
struct ChallengeAnswer: Encodable {
    let challenge: String
    /// Seconds until the password must be given again.
    let expiresIn = ChallengeStore.lifetime.components.seconds

    enum CodingKeys: String, CodingKey {
        case challenge
        case expiresIn = "expires_in"
    }
}
