import JWTKit

/// The public keys of a provider (RFC 7517 section 5).
struct ProviderKeySet: Sendable, Decodable {
    let keys: [JWK]

    init(keys: [JWK]) {
        self.keys = keys
    }

    /// Keys of unknown types and those for encryption are skipped, as section 5 asks.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        keys = try container.decode([Entry].self, forKey: .keys).compactMap(\.key)
    }

    private enum CodingKeys: String, CodingKey {
        case keys
    }

    private struct Entry: Decodable {
        let key: JWK?

        enum CodingKeys: String, CodingKey {
            case use
        }

        init(from decoder: any Decoder) throws {
            let use = try? decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .use)
            key = use ?? "sig" == "sig" ? try? JWK(from: decoder) : nil
        }
    }

    /// The claims of a token that one of the keys has signed; what they say is not checked.
    func claims(of token: String) async throws(IDTokenError) -> IDTokenClaims {
        let header = try IDTokenHeader(of: token)
        let key = try key(for: header)
        do {
            // Holds this one key, so that no other can be chosen by what the header says.
            return try await JWTKeyCollection().add(jwk: key).verify(token, as: IDTokenClaims.self)
        } catch let error as IDTokenError {
            throw error
        } catch let error as JWTError where error.errorType == .signatureVerificationFailed {
            throw .badSignature
        } catch {
            throw .malformed
        }
    }

    /// A token may leave out which key it was where only one comes into question (OpenID Connect Core section 10.1).
    private func key(for header: IDTokenHeader) throws(IDTokenError) -> JWK {
        let fitting = keys.filter { key in
            key.keyType.rawValue == header.keyType && (key.algorithm?.rawValue ?? header.alg) == header.alg
                && (header.kid == nil || key.keyIdentifier?.string == header.kid)
        }
        guard var key = fitting.first, fitting.count == 1 || header.kid != nil else { throw .unknownKey }
        key.algorithm = JWK.Algorithm(rawValue: header.alg)
        key.keyIdentifier = key.keyIdentifier ?? "only"
        return key
    }
}

extension IDTokenHeader {
    /// The type of key that the algorithm takes (RFC 7518 section 6.1, RFC 8037).
    fileprivate var keyType: String {
        alg.hasPrefix("ES") ? "EC" : alg == "EdDSA" ? "OKP" : "RSA"
    }
}
