import Foundation

/// The two header fields that decide how a JWT is verified (RFC 7515 section 4.1).
///
/// Read before any key is touched. Fields beyond these are not looked at, and none of them (`jwk`, `jku`, `x5c`) can
/// bring a key along. No extension is understood, so a token that demands one is refused (`crit`, section 4.1.11).
struct TokenHeader: Decodable {
    /// A longer token is no token of ours.
    static let maximumTokenLength = 8192

    let alg: String
    let kid: String
    private let crit: [String]?

    init(of token: some StringProtocol) throws(TokenError) {
        guard token.utf8.count <= Self.maximumTokenLength else { throw .malformed }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let json = Base64URL.decode(parts[0]) else { throw .malformed }
        do {
            self = try JSONDecoder().decode(TokenHeader.self, from: Data(json))
        } catch {
            throw .malformed
        }
        guard crit == nil else { throw .malformed }
    }
}
