import Synchronization

/// A message published to a channel.
public struct RedisMessage: Sendable, Hashable {
    public let channel: String
    public let payload: [UInt8]

    public init(channel: String, payload: [UInt8]) {
        self.channel = channel
        self.payload = payload
    }
}

/// The messages of some channels, from when it is made until it is dropped or its reader's task is cancelled.
///
/// Pub/sub loses messages while the connection is away and when a reader is slow. The events say when that may have
/// happened, so that the reader can look again at what the messages are about: on `established` and on `dropped`.
public struct RedisSubscription: AsyncSequence, Sendable {
    public enum Event: Sendable, Hashable {
        /// From now on messages come, for the first time or again after the connection was lost.
        case established
        case message(RedisMessage)
        /// So many events were lost here because the reader was too slow.
        case dropped(Int)
    }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var events: AsyncStream<Event>.Iterator
        fileprivate let drops: DropCounter
        /// The event before which a loss had to be told.
        fileprivate var held: Event?

        public mutating func next() async -> Event? {
            if let event = held.take() { return event }
            guard let event = await events.next() else { return nil }
            let count = drops.take()
            guard count > 0 else { return event }
            held = event
            return .dropped(count)
        }
    }

    private let events: AsyncStream<Event>
    private let drops: DropCounter

    public func makeAsyncIterator() -> Iterator {
        Iterator(events: events.makeAsyncIterator(), drops: drops)
    }
}

extension RedisSubscription {
    /// The writing end of a subscription.
    struct Feed: Sendable {
        fileprivate let events: AsyncStream<Event>.Continuation
        fileprivate let drops: DropCounter

        func yield(_ event: Event) {
            if case .dropped = events.yield(event) { drops.increment() }
        }

        func finish() {
            events.finish()
        }
    }

    /// Both ends, with room for `limit` events between them; `onEnd` is called when the reader has gone.
    static func make(limit: Int, onEnd: @escaping @Sendable () -> Void) -> (RedisSubscription, Feed) {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(limit))
        continuation.onTermination = { _ in onEnd() }
        let drops = DropCounter()
        return (RedisSubscription(events: events, drops: drops), Feed(events: continuation, drops: drops))
    }
}

private final class DropCounter: Sendable {
    private let count = Atomic(0)

    func increment() {
        count.add(1, ordering: .relaxed)
    }

    func take() -> Int {
        count.exchange(0, ordering: .relaxed)
    }
}
