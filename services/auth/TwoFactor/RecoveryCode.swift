import Identity

/// What stands in for the authenticator app once, when it is lost: 80 random bits, to be written down.
struct RecoveryCode: Sendable, Hashable {
    /// How many somebody is given.
    private static let count = 10
    private static let length = 16

    /// Upper-case Base32 in four groups of four.
    let text: String

    /// A new code, from the system's cryptographic random source.
    init() {
        let letters = Base32.encode((0..<10).map { _ in UInt8.random(in: .min ... .max) })
        self.init(letters: letters)
    }

    /// As many new ones as somebody is given.
    static func set() -> [RecoveryCode] { (0..<count).map { _ in RecoveryCode() } }

    /// What somebody typed, in whatever case and grouping; nil when it cannot be a code.
    init?(_ text: String) {
        let letters = text.uppercased().filter { !$0.isWhitespace && $0 != "-" }
        guard letters.utf8.count == Self.length,
            letters.unicodeScalars.allSatisfy({ ("A"..."Z").contains($0) || ("2"..."7").contains($0) })
        else { return nil }
        self.init(letters: letters)
    }

    private init(letters: String) {
        let letters = Array(letters)
        text = stride(from: 0, to: Self.length, by: 4).map { String(letters[$0..<$0 + 4]) }.joined(separator: "-")
    }

    /// What is stored in its place.
    var hash: SecretHash { SecretHash(of: text) }
}
