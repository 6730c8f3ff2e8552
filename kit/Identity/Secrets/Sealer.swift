import Crypto
import Foundation

/// Encrypts what is stored but must not be readable in the database or its back-ups: AES-256-GCM.
///
/// Sealed bytes are: format (1), key id (4), nonce (12), ciphertext, tag (16). The format and the key id are
/// authenticated together with the caller's context, which binds them to the place they were sealed for.
public struct Sealer: Sendable {
    private static let format: UInt8 = 1
    private static let headerLength = 5

    private let current: DerivedKey
    private let keys: [[UInt8]: SymmetricKey]

    public init(keys ring: KeyRing) {
        let derived = ring.keys(for: .seal)
        current = derived[0]
        keys = Dictionary(derived.map { ($0.id, $0.key) }, uniquingKeysWith: { first, _ in first })
    }

    /// Encrypts `plaintext`; `context` (a table and a row, say) must be the same at opening.
    public func seal(_ plaintext: some Collection<UInt8>, context: String) throws -> [UInt8] {
        let header = [Self.format] + current.id
        let box = try AES.GCM.seal(
            Data(plaintext), using: current.key, authenticating: header + Array(context.utf8))
        return header + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// Decrypts what `seal(_:context:)` made with any key of the ring.
    public func open(_ sealed: some Collection<UInt8>, context: String) throws(SealError) -> [UInt8] {
        let header = Array(sealed.prefix(Self.headerLength))
        guard header.first == Self.format, header.count == Self.headerLength else { throw .notSealed }
        guard let key = keys[Array(header.dropFirst())] else { throw .unknownKey }
        do {
            let box = try AES.GCM.SealedBox(combined: Data(sealed.dropFirst(Self.headerLength)))
            return try Array(AES.GCM.open(box, using: key, authenticating: header + Array(context.utf8)))
        } catch {
            throw .notAuthentic
        }
    }
}

/// Why sealed bytes cannot be opened.
public enum SealError: Error, Equatable {
    /// The bytes are not in the sealed format.
    case notSealed
    /// They were sealed with a secret that is no longer in the ring.
    case unknownKey
    /// They were changed, cut, or sealed for another context.
    case notAuthentic
}
