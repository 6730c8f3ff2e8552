/// Who of this process listens to which channel, and what the server has been asked for and has confirmed.
/// A value without I/O; `SubscriptionHub` performs what it asks for.
struct SubscriptionTable<Subscriber: Hashable> {
    struct Requests: Equatable {
        var subscribe: [String] = []
        var unsubscribe: [String] = []
    }

    private struct Channel {
        var subscribers: [Subscriber] = []
        var isRequested = false
        /// Confirmations still to come; more than one when a channel was left and taken up again meanwhile.
        var unconfirmed = 0

        var isConfirmed: Bool { isRequested && unconfirmed == 0 }
        var isForgotten: Bool { subscribers.isEmpty && !isRequested && unconfirmed == 0 }
    }

    private var channels: [String: Channel] = [:]
    private var channelsOfSubscriber: [Subscriber: Set<String>] = [:]
    private var changed: Set<String> = []

    /// Whether the server has confirmed all of the subscriber's channels already.
    mutating func add(_ subscriber: Subscriber, to names: Set<String>) -> Bool {
        channelsOfSubscriber[subscriber] = names
        for name in names { channels[name, default: Channel()].subscribers.append(subscriber) }
        changed.formUnion(names)
        return isEstablished(subscriber)
    }

    mutating func remove(_ subscriber: Subscriber) {
        let names = channelsOfSubscriber.removeValue(forKey: subscriber) ?? []
        for name in names { channels[name]?.subscribers.removeAll { $0 == subscriber } }
        changed.formUnion(names)
    }

    /// What to ask of the server now, counted as asked.
    mutating func takeRequests() -> Requests {
        var requests = Requests()
        for name in changed.sorted() {
            guard var channel = channels[name] else { continue }
            if channel.subscribers.isEmpty == channel.isRequested {
                channel.isRequested.toggle()
                channel.unconfirmed += channel.isRequested ? 1 : 0
                if channel.isRequested { requests.subscribe.append(name) } else { requests.unsubscribe.append(name) }
            }
            channels[name] = channel.isForgotten ? nil : channel
        }
        changed = []
        return requests
    }

    /// The server has confirmed a channel. The subscribers for whom it was the last to come.
    mutating func confirm(_ name: String) -> [Subscriber] {
        guard var channel = channels[name], channel.unconfirmed > 0 else { return [] }
        channel.unconfirmed -= 1
        channels[name] = channel.isForgotten ? nil : channel
        return channel.isConfirmed ? channel.subscribers.filter(isEstablished) : []
    }

    func subscribers(of name: String) -> [Subscriber] {
        channels[name]?.subscribers ?? []
    }

    /// A new connection knows of no channel: all must be asked for again.
    mutating func reset() {
        channels = channels.filter { !$0.value.subscribers.isEmpty }
        for name in channels.keys {
            channels[name]?.isRequested = false
            channels[name]?.unconfirmed = 0
        }
        changed = Set(channels.keys)
    }

    private func isEstablished(_ subscriber: Subscriber) -> Bool {
        channelsOfSubscriber[subscriber]?.allSatisfy { channels[$0]?.isConfirmed == true } ?? false
    }
}
