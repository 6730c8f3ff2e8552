import Crypto
import Foundation

/// The installation's master secrets (`LMS_SECRET_KEY`): the first is in use, the others are still accepted.
///
/// A secret is replaced by putting a new one in front, and dropping the old one when nothing made with it is left.
/// No master secret is used itself; every purpose has its own key, derived by HKDF-SHA256 (RFC 5869).
public struct KeyRing: Sendable {
    private let masters: [SymmetricKey]

    /// Reads one or more secrets, comma-separated, each the base64 of 32 bytes.
    public init(_ configured: String) throws(KeyRingError) {
        var masters: [SymmetricKey] = []
        for text in configured.split(separator: ",") {
            let text = text.trimmingCharacters(in: .whitespaces)
            guard let bytes = Data(base64Encoded: text), bytes.count == 32 else { throw .notThirtyTwoBytes }
            masters.append(SymmetricKey(data: bytes))
        }
        guard !masters.isEmpty else { throw .empty }
        self.masters = masters
    }

    /// The keys for one purpose, in the order of their master secrets: never empty.
    func keys(for purpose: Purpose) -> [DerivedKey] {
        masters.map { DerivedKey(master: $0, purpose: purpose) }
    }

    /// What a derived key is for; the names are part of the derivation and do not change.
    enum Purpose: String {
        case seal = "lms seal v1"
        case internalToken = "lms internal token v1"
        case csrf = "lms csrf v1"
    }
}

/// A key for one purpose, and the short id by which what was made with it finds it again.
struct DerivedKey: Sendable {
    let key: SymmetricKey
    /// The first four bytes of a derivation of their own, so that they tell nothing of the key.
    let id: [UInt8]

    init(master: SymmetricKey, purpose: KeyRing.Purpose) {
        key = Self.derive(from: master, info: purpose.rawValue)
        id = Self.derive(from: master, info: purpose.rawValue + " id").withUnsafeBytes { Array($0.prefix(4)) }
    }

    private static func derive(from master: SymmetricKey, info: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: master, info: Data(info.utf8), outputByteCount: 32)
    }
}

/// Why a configured secret cannot be used. It never repeats the value.
public enum KeyRingError: Error, CustomStringConvertible {
    case empty
    case notThirtyTwoBytes

    public var description: String {
        switch self {
        case .empty: "LMS_SECRET_KEY is empty; make one with: openssl rand -base64 32"
        case .notThirtyTwoBytes: "LMS_SECRET_KEY is not the base64 of 32 bytes; make one with: openssl rand -base64 32"
        }
    }
}
