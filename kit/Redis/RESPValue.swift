/// A reply of the server in version 2 of its protocol (RESP2).
public enum RESPValue: Sendable, Hashable {
    /// The null bulk string and the null array, which RESP2 does not tell apart for a caller.
    case null
    /// A simple string, such as `OK`.
    case status(String)
    /// An error inside an array, as `EXEC` and scripts return; at the top it is thrown instead.
    case error(prefix: String, message: String)
    case integer(Int)
    case bulk([UInt8])
    case array([RESPValue])
}

extension RESPValue {
    /// The bytes of a bulk string.
    public var bytes: [UInt8]? {
        guard case .bulk(let bytes) = self else { return nil }
        return bytes
    }

    /// The text of a simple string, or of a bulk string with malformed UTF-8 repaired.
    public var string: String? {
        switch self {
        case .status(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .null, .error, .integer, .array: nil
        }
    }

    public var integer: Int? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    public var array: [RESPValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    public var isNull: Bool { self == .null }

    /// What a diagnostic calls this kind of reply; never its content, which may be secret.
    var kind: String {
        switch self {
        case .null: "null"
        case .status: "a simple string"
        case .error: "an error"
        case .integer: "an integer"
        case .bulk: "a bulk string"
        case .array(let elements): "an array of \(elements.count)"
        }
    }

    /// - Throws: ``RedisError/unexpectedReply(expected:got:)``.
    func integerOrThrow() throws(RedisError) -> Int {
        guard let integer else { throw .unexpectedReply(expected: "an integer", got: kind) }
        return integer
    }

    /// - Throws: ``RedisError/unexpectedReply(expected:got:)``.
    func stringOrThrow() throws(RedisError) -> String {
        guard let string else { throw .unexpectedReply(expected: "a string", got: kind) }
        return string
    }

    /// - Throws: ``RedisError/unexpectedReply(expected:got:)``.
    func arrayOrThrow(count minimum: Int = 0) throws(RedisError) -> [RESPValue] {
        guard let array, array.count >= minimum else {
            throw .unexpectedReply(expected: "an array of at least \(minimum)", got: kind)
        }
        return array
    }
}
