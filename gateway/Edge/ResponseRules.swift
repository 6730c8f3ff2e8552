import HTTPWire
import NIOCore

/// What becomes of the fields of a route's answers on their way to the client.
///
/// A class, since every connection holds the one of its request.
final class ResponseRules: Sendable {
    /// A field for answers that have none of its name.
    struct Fallback: Sendable {
        let name: LowercasedText
        /// The whole line with its CR LF.
        let line: ByteBuffer
        let occasion: Occasion

        init(_ name: String, _ value: String, _ occasion: Occasion) {
            self.name = LowercasedText(name)
            line = ByteBuffer(string: "\(name): \(value)\r\n")
            self.occasion = occasion
        }
    }

    /// Which answers get a fallback.
    enum Occasion: Sendable {
        case always
        /// Those that the gateway gives itself.
        case own
        /// Those that are no error.
        case success
        /// Those of clients that come by HTTPS (RFC 6797 §7.2).
        case secure
    }

    /// Fields that pass from no answer.
    let dropped: [LowercasedText]
    /// Lines that every answer gets.
    let lines: ByteBuffer
    let fallbacks: [Fallback]
    let cors: CORSPolicy?

    /// Leaves answers as they are.
    static let none = ResponseRules(dropped: [], lines: ByteBuffer(), fallbacks: [], cors: nil)

    init(dropped: [LowercasedText], lines: ByteBuffer, fallbacks: [Fallback], cors: CORSPolicy?) {
        self.dropped = dropped
        self.lines = lines
        self.fallbacks = fallbacks
        self.cors = cors
    }

    /// Whether the field whose name stands at `range` is kept from the client.
    func drops(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for name in dropped where name.equals(bytes, range) { return true }
        return false
    }

    /// Writes what an answer gets in addition.
    ///
    /// - Parameters:
    ///   - isOwn: whether the gateway gives the answer itself.
    ///   - origin: the page's origin, where it may read the answer; else empty.
    ///   - has: whether the answer has a field of that name by itself.
    func write(
        into out: inout ByteBuffer, status: Int, isOwn: Bool, isSecure: Bool, origin: ByteBuffer,
        has: (LowercasedText) -> Bool
    ) {
        out.writeImmutableBuffer(lines)
        // A 304 changes only what it names in the answer that the client has (RFC 9111 §3.2).
        if status != 304 {
            for fallback in fallbacks where fallback.occasion.applies(status, isOwn: isOwn, isSecure: isSecure) {
                if !has(fallback.name) { out.writeImmutableBuffer(fallback.line) }
            }
        }
        if let cors, !has(CORSPolicy.allowOrigin) { cors.write(into: &out, origin: origin) }
    }
}

extension ResponseRules.Occasion {
    fileprivate func applies(_ status: Int, isOwn: Bool, isSecure: Bool) -> Bool {
        switch self {
        case .always: true
        case .own: isOwn
        case .success: status < 400
        case .secure: isSecure
        }
    }
}
