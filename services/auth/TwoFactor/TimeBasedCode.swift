import Crypto
import Postgres

/// The six digits that an authenticator app shows for 30 s (RFC 6238 with its defaults: HMAC-SHA-1, from 1970 on).
struct TimeBasedCode: Sendable {
    /// How many bytes a secret has: as many as the hash (RFC 4226 section 4, R6).
    static let secretLength = 20
    private static let period: Int64 = 30
    private static let digits = 6

    let secret: [UInt8]

    /// A new secret, from the system's cryptographic random source.
    init() {
        secret = (0..<Self.secretLength).map { _ in UInt8.random(in: .min ... .max) }
    }

    init(secret: [UInt8]) {
        self.secret = secret
    }

    /// The number of the 30 s that an instant is in.
    static func step(at time: Timestamp) -> Int64 {
        time.microseconds / 1_000_000 / period
    }

    /// The code of a step (RFC 4226 section 5.3).
    func code(at step: Int64) -> String {
        let message = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let mac = Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: SymmetricKey(data: secret)))
        let offset = Int(mac[mac.count - 1] & 0xF)
        let number = mac[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let text = String(number % 1_000_000)
        return String(repeating: "0", count: Self.digits - text.count) + text
    }

    /// The step whose code this is: the present one or, since clocks differ and people take their time, one of its
    /// neighbours (section 5.2); nil for a wrong code.
    func step(of code: String, at time: Timestamp) -> Int64? {
        let code = code.filter { !$0.isWhitespace }
        let now = Self.step(at: time)
        return [now, now - 1, now + 1].first { self.code(at: $0) == code }
    }
}
