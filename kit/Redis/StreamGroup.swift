/// A stream, as XINFO STREAM tells of it.
public struct StreamSummary: Sendable, Hashable {
    public let length: Int
    /// How many entries there have ever been; nil when the server cannot tell (before Redis 7).
    public let added: Int?
    /// The oldest entry; nil for an empty stream.
    public let first: StreamID?
    /// The id given last, of an entry that may be gone.
    public let last: StreamID
}

/// A consumer group of a stream, as XINFO GROUPS tells it.
public struct StreamGroup: Sendable, Hashable {
    public let name: String
    public let consumers: Int
    /// Entries delivered and not acknowledged.
    public let pending: Int
    public let lastDelivered: StreamID
    /// Entries not yet delivered; nil when the server cannot tell (after deletions, or before Redis 7).
    public let lag: Int?
}

/// What a group has delivered and not had acknowledged, as XPENDING sums it up.
public struct StreamPending: Sendable, Hashable {
    public let count: Int
    public let lowest: StreamID?
    public let highest: StreamID?
    /// Entries per consumer, of those that have any.
    public let consumers: [String: Int]
}

/// One entry that a consumer has been given and has not acknowledged.
public struct StreamPendingEntry: Sendable, Hashable {
    public let id: StreamID
    public let consumer: String
    /// Since it was last delivered.
    public let idle: Duration
    public let deliveries: Int
}

/// What XAUTOCLAIM has taken over from other consumers.
public struct StreamClaim: Sendable, Hashable {
    /// Where to go on; nil when the whole list has been looked through.
    public let next: StreamID?
    public let entries: [StreamEntry]
    /// Entries that are no longer in the stream; the server has removed them from the group's list (from Redis 7).
    public let deleted: [StreamID]
}
