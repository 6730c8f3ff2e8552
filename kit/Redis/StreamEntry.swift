/// An entry of a stream: its identity and its fields in the order in which they were added.
public struct StreamEntry: Sendable, Hashable {
    public struct Field: Sendable, Hashable {
        public let name: String
        public let value: [UInt8]
    }

    public let id: StreamID
    /// Empty for an entry that is still pending in a group but has been deleted or trimmed from the stream.
    public let fields: [Field]

    /// The value of the first field of that name.
    public subscript(name: String) -> [UInt8]? {
        fields.first { $0.name == name }?.value
    }
}

/// Entries read from one of several streams, oldest first.
public struct StreamEntries: Sendable, Hashable {
    public let stream: String
    public let entries: [StreamEntry]
}

/// From where to read a stream, or where a group begins.
public struct StreamPosition: Sendable, Hashable {
    let text: String

    /// All that is in the stream and all that will be added.
    public static let start = StreamPosition(text: "0")
    /// Only what is added after the command has reached the server.
    public static let end = StreamPosition(text: "$")

    public static func after(_ id: StreamID) -> StreamPosition {
        StreamPosition(text: id.description)
    }
}

/// What a consumer of a group wants of a stream.
public struct StreamGroupPosition: Sendable, Hashable {
    let text: String

    /// Entries that no consumer of the group has been given.
    public static let undelivered = StreamGroupPosition(text: ">")

    /// Entries that this consumer has been given and has not acknowledged.
    public static func pending(after id: StreamID) -> StreamGroupPosition {
        StreamGroupPosition(text: id.description)
    }
}

/// How much of a stream to keep. Trimming about there removes only whole blocks, which is much cheaper.
public enum StreamTrim: Sendable, Hashable {
    /// At most so many entries, the newest.
    case toLength(Int, exactly: Bool = false)
    /// No entry before the identity.
    case before(StreamID, exactly: Bool = false)

    var arguments: [any RedisArgument] {
        switch self {
        case .toLength(let length, let exactly): ["MAXLEN", exactly ? "=" : "~", length]
        case .before(let id, let exactly): ["MINID", exactly ? "=" : "~", id]
        }
    }
}
