import Synchronization

/// The subscriptions of the process on one connection, made again when it had to be replaced: the shell around
/// ``SubscriptionTable``.
final class SubscriptionHub: Sendable {
    private enum Signal {
        case tableChanged
        case connectionEnded
    }

    private struct State {
        var table = SubscriptionTable<Int>()
        var feeds: [Int: RedisSubscription.Feed] = [:]
        var nextID = 0
        /// Wakes the task that holds the connection, while there is one.
        var signals: AsyncStream<Signal>.Continuation?
    }

    private let state = Mutex(State())

    func subscribe(to channels: Set<String>, limit: Int) -> RedisSubscription {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        let (subscription, feed) = RedisSubscription.make(limit: limit) { [weak self] in self?.remove(id) }
        let isEstablished = state.withLock { state in
            state.feeds[id] = feed
            defer { state.signals?.yield(.tableChanged) }
            return state.table.add(id, to: channels)
        }
        if isEstablished { feed.yield(.established) }
        return subscription
    }

    private func remove(_ id: Int) {
        state.withLock { state in
            state.feeds[id] = nil
            state.table.remove(id)
            state.signals?.yield(.tableChanged)
        }
    }

    /// Keeps the server's view of a new connection equal to the table until the connection ends.
    func hold(_ connection: RedisConnection) async {
        let (signals, signal) = AsyncStream.makeStream(of: Signal.self)
        connection.whenEnded { _ in signal.yield(.connectionEnded) }
        state.withLock { state in
            state.table.reset()
            state.signals = signal
        }
        signal.yield(.tableChanged)
        defer { state.withLock { $0.signals = nil } }
        for await event in signals {
            guard case .tableChanged = event else { return }
            let requests = state.withLock { $0.table.takeRequests() }
            await connection.request(requests)
        }
    }

    /// All readers come to an end: nobody will hold a connection any more.
    func finish() {
        let feeds = state.withLock { Array($0.feeds.values) }
        for feed in feeds { feed.finish() }
    }

    /// Takes what the server sends on the connection: `[kind, channel, payload or count]`.
    func receive(_ push: RESPValue) {
        guard let parts = push.array, parts.count == 3, let channel = parts[1].string else { return }
        switch parts[0].string {
        case "message":
            guard let payload = parts[2].bytes else { return }
            let message = RedisMessage(channel: channel, payload: payload)
            let feeds = state.withLock { state in
                state.table.subscribers(of: channel).compactMap { state.feeds[$0] }
            }
            for feed in feeds { feed.yield(.message(message)) }
        case "subscribe":
            let feeds = state.withLock { state in state.table.confirm(channel).compactMap { state.feeds[$0] } }
            for feed in feeds { feed.yield(.established) }
        default:
            break
        }
    }
}

extension RedisConnection {
    fileprivate func request(_ requests: SubscriptionTable<Int>.Requests) {
        if !requests.subscribe.isEmpty { sendSubscription(RedisCommand("SUBSCRIBE", requests.subscribe)) }
        if !requests.unsubscribe.isEmpty { sendSubscription(RedisCommand("UNSUBSCRIBE", requests.unsubscribe)) }
    }
}
