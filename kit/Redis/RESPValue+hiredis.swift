import CHiredis

extension RESPValue {
    /// Copies a reply out of hiredis, which frees its own when the callback returns.
    init(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_STRING: self = .bulk(Array(reply.text))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: reply.text, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .init(errorLine: String(decoding: reply.text, as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = .integer(Int(reply.integer))
        case REDIS_REPLY_ARRAY: self = .array(reply.children.map { $0.map { RESPValue($0.pointee) } ?? .null })
        default: self = .null
        }
    }

    /// An error line is a prefix in capitals, such as `WRONGTYPE`, a space, and words for people.
    init(errorLine line: String) {
        let parts = line.split(separator: " ", maxSplits: 1)
        self = .error(prefix: String(parts.first ?? ""), message: String(parts.dropFirst().first ?? ""))
    }
}

extension redisReply {
    fileprivate var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: str, count: len) }

    fileprivate var children: UnsafeBufferPointer<UnsafeMutablePointer<redisReply>?> {
        UnsafeBufferPointer(start: element, count: elements)
    }
}
