import HTTPWire

/// Who makes a request, by the form of the credential alone; whether it is a good one the services tell.
enum PrincipalKind: String, Sendable, CaseIterable {
    /// With a device's key, `lms_dev_…`.
    case device
    /// With a token, a personal access token or a session.
    case person
    /// With a token between services: a JWT that is signed with HS256.
    case service
    /// Without a credential.
    case none

    /// The kind of what services would look at: a bearer token wins over a key, and both over the cookie.
    static func of(_ head: RequestHead, _ bytes: Span<UInt8>) -> PrincipalKind {
        if let authorization = head.authorization {
            guard bytes.hasPrefix("bearer ", at: authorization) else { return .person }
            return ofToken(bytes, bytes.trimmed(authorization.lowerBound + 7..<authorization.upperBound))
        }
        if let key = head.apiKey { return ofToken(bytes, key) }
        return head.sessionCookie.map { !$0.isEmpty } == true ? .person : .none
    }

    private static func ofToken(_ bytes: Span<UInt8>, _ token: Range<Int>) -> PrincipalKind {
        let prefix = token.prefix(8)
        if bytes.equals("lms_dev_", at: prefix) { return .device }
        if bytes.equals("lms_pat_", at: prefix) { return .person }
        guard let dot = bytes.index(of: ASCII.dot, in: token) else { return .person }
        return tellsHS256(bytes, token.lowerBound..<dot) ? .service : .person
    }

    /// Whether the base64url (RFC 4648 §5) at `range` stands for something with `"HS256"` in it, as the header of such a
    /// JWT does.
    private static func tellsHS256(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let wanted: UInt64 = 0x22_48_53_32_35_36_22
        var bits: UInt32 = 0
        var last: UInt64 = 0
        var count: UInt32 = 0
        for index in range {
            guard let digit = digit(bytes[index]) else { return false }
            bits = bits << 6 | digit
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            last = (last << 8 | UInt64(bits >> count & 0xff)) & 0xff_ffff_ffff_ffff
            if last == wanted { return true }
        }
        return false
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
