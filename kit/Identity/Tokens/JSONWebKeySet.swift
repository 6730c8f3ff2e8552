import Foundation

/// The public keys that tokens are verified with, as served at `/.well-known/jwks.json` (RFC 7517 section 5).
public struct JSONWebKeySet: Sendable, Hashable, Codable {
    public var keys: [JSONWebKey]

    public init(keys: [JSONWebKey]) {
        self.keys = keys
    }

    /// Keys of other types are skipped, as section 5 asks.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        keys = try container.decode([Supported].self, forKey: .keys).compactMap(\.key)
    }

    private struct Supported: Decodable {
        let key: JSONWebKey?

        init(from decoder: any Decoder) throws {
            key = try? JSONWebKey(from: decoder)
        }
    }
}

/// The public half of a P-256 signing key (RFC 7517 section 4, RFC 7518 section 6.2.1).
public struct JSONWebKey: Sendable, Hashable, Codable {
    public enum KeyType: String, Sendable, Codable { case ec = "EC" }
    public enum Curve: String, Sendable, Codable { case p256 = "P-256" }
    public enum Use: String, Sendable, Codable { case signature = "sig" }
    public enum Algorithm: String, Sendable, Codable { case es256 = "ES256" }

    public var kty: KeyType
    public var crv: Curve
    /// The coordinates of the point, 32 bytes each, in base64url.
    public var x: String
    public var y: String
    public var kid: String
    public var use: Use?
    public var alg: Algorithm?
}
