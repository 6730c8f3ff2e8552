import Crypto
import FoundationEssentials

/// How a receiver knows that a delivery is ours and not a replay: HMAC-SHA256 with the channel's secret over
/// `timestamp.body`, in hexadecimal behind `v1=`.
struct WebhookSignature: Sendable {
    /// Seconds since 1970 UTC, as it stands in its header.
    let timestamp: String
    let value: String

    init(secret: [UInt8], body: [UInt8], secondsSince1970: Int64) {
        timestamp = "\(secondsSince1970)"
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(timestamp.utf8) + [UInt8(ascii: ".")] + body, using: SymmetricKey(data: secret))
        value = "v1=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
