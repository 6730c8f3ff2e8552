extension RedisCommands {
    /// Appends an entry, making the stream if need be. Without `id` the server gives one, later than all before.
    @discardableResult
    public func xadd(
        _ stream: String, _ fields: [(name: String, value: any RedisArgument)], id: StreamID? = nil,
        trim: StreamTrim? = nil
    ) async throws -> StreamID {
        try StreamID(reply: try await send(.xadd(stream, fields, id: id, trim: trim)))
    }

    public func xlen(_ stream: String) async throws -> Int {
        try await send(RedisCommand("XLEN", stream)).integerOrThrow()
    }

    /// Removes the oldest entries; how many.
    @discardableResult
    public func xtrim(_ stream: String, _ trim: StreamTrim) async throws -> Int {
        try await send(RedisCommand("XTRIM", [stream] + trim.arguments)).integerOrThrow()
    }

    /// The entries from one identity to another, both included, oldest first.
    public func xrange(
        _ stream: String, from: StreamID = .zero, through: StreamID? = nil, count: Int
    ) async throws -> [StreamEntry] {
        let reply = try await send(RedisCommand("XRANGE", stream, from, through?.description ?? "+", "COUNT", count))
        return try reply.arrayOrThrow().map(StreamEntry.init(reply:))
    }

    /// The entries after the positions, at most `count` a stream; streams without any are left out.
    public func xread(
        _ streams: [(name: String, from: StreamPosition)], count: Int? = nil
    ) async throws -> [StreamEntries] {
        try StreamEntries.list(reply: try await send(.xread(streams, count: count, block: nil)))
    }
}

// MARK: - Groups

extension RedisCommands {
    /// Makes a group, and the stream if need be; false if there was one of that name.
    @discardableResult
    public func xgroupCreate(_ stream: String, group: String, from position: StreamPosition) async throws -> Bool {
        do {
            _ = try await send(RedisCommand("XGROUP", "CREATE", stream, group, position.text, "MKSTREAM"))
            return true
        } catch let error as RedisError where error.serverPrefix == "BUSYGROUP" {
            return false
        }
    }

    /// Removes a group with what it has yet to acknowledge; false if there was none. Who reads as one of its consumers is
    /// told by an error with the prefix `NOGROUP`.
    @discardableResult
    public func xgroupDestroy(_ stream: String, group: String) async throws -> Bool {
        do {
            return try await send(RedisCommand("XGROUP", "DESTROY", stream, group)).integerOrThrow() == 1
        } catch let error as RedisError where error.serverPrefix == "ERR" {
            // There is no stream.
            return false
        }
    }

    /// Reads as a consumer of a group, at most `count` entries a stream; streams without any are left out.
    ///
    /// - Throws: ``RedisError``, with the server's prefix `NOGROUP` when stream or group is missing.
    public func xreadgroup(
        _ streams: [(name: String, from: StreamGroupPosition)], group: String, consumer: String, count: Int? = nil
    ) async throws -> [StreamEntries] {
        let command = RedisCommand.xreadgroup(streams, group: group, consumer: consumer, count: count, block: nil)
        return try StreamEntries.list(reply: try await send(command))
    }

    /// Acknowledges entries; how many of them were pending.
    @discardableResult
    public func xack(_ stream: String, group: String, _ ids: [StreamID]) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        return try await send(.xack(stream, group: group, ids)).integerOrThrow()
    }

    /// Takes over entries that have been pending for at least `idle`, from `start` in the list of pending ones.
    public func xautoclaim(
        _ stream: String, group: String, consumer: String, idle: Duration, from start: StreamID = .zero, count: Int
    ) async throws -> StreamClaim {
        let command = RedisCommand(
            "XAUTOCLAIM", stream, group, consumer, idle.milliseconds, start, "COUNT", count)
        return try StreamClaim(reply: try await send(command))
    }

    /// Takes over one entry if it has been pending for at least `idle`, which counts as a delivery; nil when it has not,
    /// or is pending or in the stream no longer.
    public func xclaim(
        _ stream: String, group: String, consumer: String, idle: Duration, _ id: StreamID
    ) async throws -> StreamEntry? {
        let reply = try await send(RedisCommand("XCLAIM", stream, group, consumer, idle.milliseconds, id))
        return try reply.arrayOrThrow().first { !$0.isNull }.map(StreamEntry.init(reply:))
    }

    /// Sums up what is pending in a group.
    public func xpending(_ stream: String, group: String) async throws -> StreamPending {
        try StreamPending(reply: try await send(RedisCommand("XPENDING", stream, group)))
    }

    /// The oldest pending entries of a group from `start` on, with how often they were delivered; only those that have
    /// been pending for at least `idle`.
    public func xpending(
        _ stream: String, group: String, idle: Duration = .zero, from start: StreamID = .zero, count: Int
    ) async throws -> [StreamPendingEntry] {
        let reply = try await send(
            RedisCommand("XPENDING", stream, group, "IDLE", idle.milliseconds, start, "+", count))
        return try reply.arrayOrThrow().map(StreamPendingEntry.init(reply:))
    }

    /// What there is to say of a stream.
    ///
    /// - Throws: ``RedisError``, also when there is no such stream.
    public func xinfoStream(_ stream: String) async throws -> StreamSummary {
        try StreamSummary(reply: try await send(RedisCommand("XINFO", "STREAM", stream)))
    }

    /// The groups of a stream.
    ///
    /// - Throws: ``RedisError``, also when there is no such stream.
    public func xinfoGroups(_ stream: String) async throws -> [StreamGroup] {
        try await send(RedisCommand("XINFO", "GROUPS", stream)).arrayOrThrow().map(StreamGroup.init(reply:))
    }
}

// MARK: - Blocking

extension RedisConnection {
    /// As ``RedisCommands/xread(_:count:)``, but waits up to `block` (at least 1 ms) for the first entry.
    public nonisolated func xread(
        _ streams: [(name: String, from: StreamPosition)], count: Int? = nil, block: Duration
    ) async throws -> [StreamEntries] {
        try StreamEntries.list(reply: try await send(.xread(streams, count: count, block: block)))
    }

    /// As ``RedisCommands/xreadgroup(_:group:consumer:count:)``, but waits up to `block` (at least 1 ms) for the first
    /// entry. Pending entries are never waited for.
    ///
    /// - Parameter keepsPending: Whether entries are pending until they are acknowledged; without, what a consumer was
    ///   given when it died is lost.
    public nonisolated func xreadgroup(
        _ streams: [(name: String, from: StreamGroupPosition)], group: String, consumer: String, count: Int? = nil,
        block: Duration, keepsPending: Bool = true
    ) async throws -> [StreamEntries] {
        let command = RedisCommand.xreadgroup(
            streams, group: group, consumer: consumer, count: count, block: block, keepsPending: keepsPending)
        return try StreamEntries.list(reply: try await send(command))
    }
}

extension RedisCommands {
    /// The identity of the newest entry; zero for a stream that is empty or missing.
    public func xlast(_ stream: String) async throws -> StreamID {
        let reply = try await send(RedisCommand("XREVRANGE", stream, "+", "-", "COUNT", 1))
        return try reply.arrayOrThrow().first.map(StreamEntry.init(reply:))?.id ?? .zero
    }
}
