/// An opaque credential, a prefix that names its kind and 32 random bytes in base64url: shown once, kept as its hash.
public struct SecretToken: Sendable {
    /// The kinds of opaque credential, by prefix.
    public struct Kind: Sendable, Hashable {
        public let prefix: String

        public init(prefix: String) {
            self.prefix = prefix
        }

        /// `lms_dev_…`: the key of a device.
        public static let deviceKey = Kind(prefix: "lms_dev_")
        /// `lms_pat_…`: a personal access token.
        public static let personalAccess = Kind(prefix: "lms_pat_")
        /// `lms_prv_…`: a key with which boards of a fleet provision themselves.
        public static let provisioningKey = Kind(prefix: "lms_prv_")
    }

    public let kind: Kind
    /// The credential as its holder sends it.
    public let secret: String

    /// A new credential, from the system's cryptographic random source.
    public init(_ kind: Kind) {
        self.kind = kind
        secret = kind.prefix + Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }

    /// The credential in `text`; nil when it is not written as one of that kind.
    public init?(_ text: some StringProtocol, kind: Kind) {
        let text = String(text)
        guard Self.isWritten(text.utf8.span, as: kind) else { return nil }
        self.kind = kind
        secret = text
    }

    /// Whether `bytes` are written as a credential of that kind.
    static func isWritten(_ bytes: Span<UInt8>, as kind: Kind) -> Bool {
        let prefix = kind.prefix.utf8.span
        guard bytes.count == prefix.count + 43 else { return false }
        for index in prefix.indices where bytes[index] != prefix[index] { return false }
        return Base64URL.isValid(bytes.extracting(prefix.count...))
    }

    /// What is stored and looked up in place of the secret.
    public var hash: SecretHash { SecretHash(of: secret) }
}

extension SecretToken: CustomStringConvertible {
    /// The prefix alone: a secret that lands in a log line stays one.
    public var description: String { kind.prefix + "…" }
}
