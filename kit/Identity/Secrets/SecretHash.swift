import Crypto

/// The SHA-256 of a secret: what is stored, published and looked up in its place. Compares in constant time.
///
/// An unsalted hash suffices because every secret hashed here is 32 random bytes.
public struct SecretHash: Sendable, Hashable {
    /// Four words rather than an array: a lookup by hash happens for every request of a device and allocates nothing.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The hash of a secret.
    public init(of secret: some StringProtocol) {
        self.init(of: String(secret).utf8.span)
    }

    /// The hash of a secret, given as its bytes.
    public init(of secret: Span<UInt8>) {
        var hasher = SHA256()
        secret.bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        words = hasher.finalize().withUnsafeBytes(Self.load)
    }

    /// A stored hash; nil unless it has 32 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        words = Array(bytes).withUnsafeBytes(Self.load)
    }

    /// A hash written as 64 hexadecimal digits, as in events.
    public init?(hex: some StringProtocol) {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64, hex.utf8.count == 64 else { return nil }
        self.init(bytes: stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    /// The 32 bytes, as stored in a `bytea` column.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: words) { Array($0) }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    public static func == (lhs: SecretHash, rhs: SecretHash) -> Bool {
        let difference =
            (lhs.words.0 ^ rhs.words.0) | (lhs.words.1 ^ rhs.words.1)
            | (lhs.words.2 ^ rhs.words.2) | (lhs.words.3 ^ rhs.words.3)
        return difference == 0
    }

    /// A quarter of a SHA-256 is spread well enough.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }

    private static func load(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt64, UInt64) {
        (
            bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
        )
    }
}

extension SecretHash: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let hash = try SecretHash(hex: container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not 64 hexadecimal digits")
        }
        self = hash
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
