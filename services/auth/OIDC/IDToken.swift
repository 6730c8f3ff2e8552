import Foundation
import Identity
import JWTKit

/// The header fields that decide how an ID token is verified (RFC 7515 section 4.1).
struct IDTokenHeader: Sendable, Hashable, Decodable {
    private static let maximumTokenLength = 16_384
    /// Those whose keys are public: neither `none` nor those that share a secret.
    static let algorithms: Set = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]

    let alg: String
    let kid: String?
    /// Extensions that must be understood, of which none is.
    let crit: [String]?

    init(of token: String) throws(IDTokenError) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= Self.maximumTokenLength, parts.count == 3, let json = Base64URL.decode(parts[0]),
            let header = try? JSONDecoder().decode(IDTokenHeader.self, from: Data(json)), header.crit == nil
        else { throw .malformed }
        guard Self.algorithms.contains(header.alg) else { throw .wrongAlgorithm }
        self = header
    }
}

/// What an ID token says (OpenID Connect Core section 2).
struct IDTokenClaims: Sendable, Hashable, Codable {
    var issuer: String
    var audience: [String]
    /// For whom it was issued, where several are to read it.
    var authorizedParty: String?
    /// Seconds since 1970.
    var expiresAt: Double
    /// Seconds since 1970.
    var issuedAt: Double
    var nonce: String?
    var person: PersonClaims

    enum CodingKeys: String, CodingKey {
        case issuer = "iss"
        case audience = "aud"
        case authorizedParty = "azp"
        case expiresAt = "exp"
        case issuedAt = "iat"
        case nonce
    }

    /// Checks all but the signature (section 3.1.3.7). Clocks may differ by a minute, and a token is fresh: it comes
    /// straight from the provider.
    func validate(issuer: String, clientID: String, nonce: String, at now: Date) throws(IDTokenError) {
        let (skew, freshness) = (60.0, 600.0)
        let now = now.timeIntervalSince1970
        guard self.issuer == issuer else { throw .wrongIssuer }
        guard audience.contains(clientID), authorizedParty ?? clientID == clientID,
            audience.count == 1 || authorizedParty != nil
        else { throw .wrongAudience }
        guard expiresAt > now - skew else { throw .expired }
        guard issuedAt <= now + skew, issuedAt > now - skew - freshness else { throw .wrongTime }
        guard self.nonce == nonce else { throw .wrongNonce }
        guard (1...255).contains(person.subject.utf8.count), !person.subject.utf8.contains(0) else {
            throw .invalidSubject
        }
    }
}

extension IDTokenClaims {
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        issuer = try container.decode(String.self, forKey: .issuer)
        // One alone may stand without the array.
        audience =
            try (try? container.decode(String.self, forKey: .audience)).map { [$0] }
            ?? container.decode([String].self, forKey: .audience)
        authorizedParty = try container.decodeIfPresent(String.self, forKey: .authorizedParty)
        expiresAt = try container.decode(Double.self, forKey: .expiresAt)
        issuedAt = try container.decode(Double.self, forKey: .issuedAt)
        nonce = try container.decodeIfPresent(String.self, forKey: .nonce)
        person = try PersonClaims(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(issuer, forKey: .issuer)
        try container.encode(audience, forKey: .audience)
        try container.encodeIfPresent(authorizedParty, forKey: .authorizedParty)
        try container.encode(expiresAt, forKey: .expiresAt)
        try container.encode(issuedAt, forKey: .issuedAt)
        try container.encodeIfPresent(nonce, forKey: .nonce)
        try person.encode(to: encoder)
    }
}

extension IDTokenClaims: JWTPayload {
    /// Asked here too, since only the key tells what was really used.
    func verify(using algorithm: some JWTAlgorithm) throws {
        guard IDTokenHeader.algorithms.contains(algorithm.name) else { throw IDTokenError.wrongAlgorithm }
    }
}
