import Foundation
import JWTKit
import Synchronization

/// The tokens by which services know each other: HS256 by a key derived from the installation's secret, for one minute.
///
/// They share neither algorithm, key, audience nor type with users' tokens, so neither passes for the other.
public final class InternalTokens: Sendable {
    private static let audience = "internal"
    private static let lifetime: TimeInterval = 60

    private struct Current {
        var token: String
        var renewAt: Date
    }

    private let service: String
    private let now: @Sendable () -> Date
    private let current = Mutex<Current?>(nil)
    private let signer: InternalKey
    private let keys: [String: InternalKey]

    /// Makes tokens in the name of `service`, and verifies those of all.
    public init(service: String, keys ring: KeyRing, now: @escaping @Sendable () -> Date = { Date() }) async {
        self.service = service
        self.now = now
        var keys: [InternalKey] = []
        for key in ring.keys(for: .internalToken) { keys.append(await InternalKey(key)) }
        signer = keys[0]
        self.keys = Dictionary(keys.map { ($0.id.string, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// A token that is valid for half a minute at least: the value of an `Authorization: Bearer` header.
    public func token() async throws -> String {
        let now = now()
        if let current = current.withLock(\.self), current.renewAt > now { return current.token }
        let iat = now.timeIntervalSince1970.rounded(.down)
        let claims = InternalClaims(
            iss: service, aud: Self.audience, typ: .internal, iat: iat, exp: iat + Self.lifetime, jti: UUID())
        let token = try await signer.collection.sign(claims, kid: signer.id)
        current.withLock { $0 = Current(token: token, renewAt: now.addingTimeInterval(Self.lifetime / 2)) }
        return token
    }

    /// The name of the service that made `token`.
    public func verify(_ token: String) async throws(TokenError) -> String {
        let header = try TokenHeader(of: token)
        guard header.alg == "HS256" else { throw .wrongAlgorithm }
        guard let key = keys[header.kid] else { throw .unknownKey }
        let claims = try await key.claims(of: token)
        guard claims.aud == Self.audience, claims.typ == .internal else { throw .wrongUse }
        guard claims.exp > now().timeIntervalSince1970 else { throw .expired }
        return claims.iss
    }
}

private struct InternalKey: Sendable {
    let id: JWKIdentifier
    let collection = JWTKeyCollection()

    init(_ key: DerivedKey) async {
        id = JWKIdentifier(string: Base64URL.encode(key.id))
        await collection.add(hmac: HMACKey(key: key.key), digestAlgorithm: .sha256, kid: id)
    }

    func claims(of token: String) async throws(TokenError) -> InternalClaims {
        do {
            return try await collection.verify(token, as: InternalClaims.self)
        } catch {
            throw .badSignature
        }
    }
}

private struct InternalClaims: JWTPayload {
    var iss: String
    var aud: String
    var typ: TokenClaims.Kind
    var iat: Double
    var exp: Double
    var jti: UUID

    func verify(using algorithm: some JWTAlgorithm) throws {
        guard algorithm.name == "HS256" else { throw TokenError.wrongAlgorithm }
    }
}
