// How the replies of the stream commands are laid out (Redis 7; what 6.2 leaves out is optional here).

extension StreamID {
    init(reply: RESPValue) throws(RedisError) {
        guard let id = StreamID(try reply.stringOrThrow()) else {
            throw .unexpectedReply(expected: "the identity of an entry", got: reply.kind)
        }
        self = id
    }
}

extension StreamEntry {
    /// `[id, [name, value, …]]`, or `[id, null]` for a pending entry that is no longer in the stream.
    init(reply: RESPValue) throws(RedisError) {
        let parts = try reply.arrayOrThrow(count: 2)
        id = try StreamID(reply: parts[0])
        let values = parts[1].isNull ? [] : try parts[1].arrayOrThrow()
        fields = try stride(from: 0, to: values.count - 1, by: 2).map { index throws(RedisError) in
            Field(name: try values[index].stringOrThrow(), value: values[index + 1].bytes ?? [])
        }
    }
}

extension StreamEntries {
    /// `[[stream, [entry, …]], …]`, or null when there is nothing.
    static func list(reply: RESPValue) throws(RedisError) -> [StreamEntries] {
        guard !reply.isNull else { return [] }
        return try reply.arrayOrThrow().map { part throws(RedisError) in
            let parts = try part.arrayOrThrow(count: 2)
            let entries = try parts[1].arrayOrThrow().map(StreamEntry.init(reply:))
            return StreamEntries(stream: try parts[0].stringOrThrow(), entries: entries)
        }
    }
}

extension StreamClaim {
    /// `[next, [entry or null, …], [deleted id, …]]`
    init(reply: RESPValue) throws(RedisError) {
        let parts = try reply.arrayOrThrow(count: 2)
        let cursor = try StreamID(reply: parts[0])
        next = cursor == .zero ? nil : cursor
        entries = try parts[1].arrayOrThrow().filter { !$0.isNull }.map(StreamEntry.init(reply:))
        deleted = parts.count > 2 ? try parts[2].arrayOrThrow().map(StreamID.init(reply:)) : []
    }
}

extension StreamPending {
    /// `[count, lowest, highest, [[consumer, count], …]]`, null but for the count when that is 0.
    init(reply: RESPValue) throws(RedisError) {
        let parts = try reply.arrayOrThrow(count: 4)
        count = try parts[0].integerOrThrow()
        lowest = parts[1].isNull ? nil : try StreamID(reply: parts[1])
        highest = parts[2].isNull ? nil : try StreamID(reply: parts[2])
        var consumers: [String: Int] = [:]
        for part in parts[3].array ?? [] {
            let pair = try part.arrayOrThrow(count: 2)
            consumers[try pair[0].stringOrThrow()] = Int(try pair[1].stringOrThrow())
        }
        self.consumers = consumers
    }
}

extension StreamPendingEntry {
    /// `[id, consumer, idle in ms, deliveries]`
    init(reply: RESPValue) throws(RedisError) {
        let parts = try reply.arrayOrThrow(count: 4)
        id = try StreamID(reply: parts[0])
        consumer = try parts[1].stringOrThrow()
        idle = .milliseconds(try parts[2].integerOrThrow())
        deliveries = try parts[3].integerOrThrow()
    }
}

extension StreamGroup {
    init(reply: RESPValue) throws(RedisError) {
        name = try reply.field("name").stringOrThrow()
        consumers = try reply.field("consumers").integerOrThrow()
        pending = try reply.field("pending").integerOrThrow()
        lastDelivered = try StreamID(reply: try reply.field("last-delivered-id"))
        lag = try? reply.field("lag").integer
    }
}

extension StreamSummary {
    init(reply: RESPValue) throws(RedisError) {
        length = try reply.field("length").integerOrThrow()
        added = try? reply.field("entries-added").integer
        let oldest = try reply.field("first-entry")
        first = oldest.isNull ? nil : try StreamEntry(reply: oldest).id
        last = try StreamID(reply: try reply.field("last-generated-id"))
    }
}

extension RESPValue {
    /// A value of a flat map: `[name, value, name, value, …]`
    fileprivate func field(_ name: String) throws(RedisError) -> RESPValue {
        let parts = try arrayOrThrow()
        let index = stride(from: 0, to: parts.count - 1, by: 2).first { parts[$0].string == name }
        guard let index else { throw .unexpectedReply(expected: "the field \(name)", got: kind) }
        return parts[index + 1]
    }
}
