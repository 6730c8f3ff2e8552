import FoundationEssentials
import Identity
import Kernel
import Postgres

/// What a board shows on its display, for a person to type who stands before it: 40 random bits, valid for ten minutes.
struct ClaimCode: Sendable, Hashable {
    /// Crockford's Base32: no letter that looks like a digit, and no U.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    private static let length = 8
    static let lifetime = Duration.seconds(600)

    /// Two groups of four: `7GK2-M0XW`.
    let text: String

    /// A new code, from the system's cryptographic random source.
    init() {
        self.init(letters: (0..<Self.length).map { _ in Self.alphabet[Int.random(in: 0..<Self.alphabet.count)] })
    }

    /// What somebody typed, in whatever case and grouping, with the letters O, I and L for the digits they look like;
    /// nil when it cannot be a code.
    init?(_ text: String) {
        let letters = text.uppercased().filter { !$0.isWhitespace && $0 != "-" }.map { letter -> Character in
            switch letter {
            case "O": "0"
            case "I", "L": "1"
            default: letter
            }
        }
        guard letters.count == Self.length, letters.allSatisfy(Self.alphabet.contains) else { return nil }
        self.init(letters: letters)
    }

    private init(letters: [Character]) {
        text = String(letters.prefix(4)) + "-" + String(letters.dropFirst(4))
    }

    /// What is stored in its place: the organization goes in, since a code counts in its own alone.
    func hash(in organization: UUID) -> SecretHash { SecretHash(of: "\(organization.text) \(text)") }
}

/// How many wrong codes a person may type in a stretch of time.
struct ClaimGuesses: Sendable, Hashable {
    static let maximum = 10
    static let period = Duration.seconds(600)

    /// Wrong ones since ``since``, the one that is being tried among them.
    let count: Int
    let since: Timestamp

    /// How long nothing more is tried; nil while there are not too many.
    func wait(at now: Timestamp) -> Duration? {
        guard count > Self.maximum else { return nil }
        return max(.seconds(1), since.adding(Self.period).since(now))
    }
}

/// Why a device cannot be claimed as asked.
enum ClaimError: Error, Hashable {
    /// No device of the organization shows that code now.
    case unknownCode
    /// Too many wrong codes.
    case tooManyGuesses(retryAfter: Duration)
    /// The device has been claimed, so that only an admin hands it on.
    case claimedAlready
}
