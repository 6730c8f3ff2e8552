import Crypto
import Foundation

/// A P-256 key pair that signs tokens; its id is the RFC 7638 thumbprint of its public half.
public struct SigningKey: Sendable {
    let privateKey: P256.Signing.PrivateKey
    /// The public half, for the key set.
    public let publicKey: JSONWebKey

    public var kid: String { publicKey.kid }

    /// A new random key.
    public init() {
        self.init(P256.Signing.PrivateKey())
    }

    /// A stored key; throws `CryptoKitError` when `rawRepresentation` is not a scalar of the curve.
    public init(rawRepresentation: some ContiguousBytes) throws {
        self.init(try P256.Signing.PrivateKey(rawRepresentation: rawRepresentation))
    }

    /// The 32 bytes to store, sealed.
    public var rawRepresentation: [UInt8] { Array(privateKey.rawRepresentation) }

    private init(_ privateKey: P256.Signing.PrivateKey) {
        self.privateKey = privateKey
        let point = privateKey.publicKey.rawRepresentation
        let x = Base64URL.encode(point.prefix(32))
        let y = Base64URL.encode(point.suffix(32))
        let thumbprint = SHA256.hash(data: Data(#"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#.utf8))
        publicKey = JSONWebKey(
            kty: .ec, crv: .p256, x: x, y: y, kid: Base64URL.encode(thumbprint), use: .signature, alg: .es256)
    }
}
