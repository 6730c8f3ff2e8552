import EventBus
import Redis
import WebSockets

/// What an organization's sockets are told.
enum LiveBatch: Sendable {
    case entry(LiveEntry)
    /// Entries may have been missed, nobody knows how many.
    case gap
    /// Time has passed: for what is held back.
    case tick(ContinuousClock.Instant)
}

/// One socket's place in its organization's fan-out: its subscription, and what waits because it reads too slowly.
struct LiveMember: FanOutMember {
    private enum Phase {
        case live
        /// Older entries are being sent; the newest that was passed over meanwhile.
        case replaying(passedOver: StreamID)
    }

    private var subscription: Subscription?
    private var gate: IntervalGate?
    private var backlog = ConflationBuffer()
    private var hasGap = false
    private var phase = Phase.live

    init(_ subscription: Subscription) {
        self.subscription = subscription
    }

    // MARK: The client's wishes

    mutating func subscribe(_ subscription: Subscription) {
        self.subscription = subscription
        gate = subscription.minimumInterval.map { IntervalGate(interval: $0) }
        phase = .live
    }

    mutating func unsubscribe() {
        subscription = nil
        gate = nil
        backlog.removeAll()
        phase = .live
    }

    /// Passes live entries over until the older ones have been sent.
    mutating func beginReplay() {
        backlog.removeAll()
        phase = .replaying(passedOver: .zero)
    }

    /// Goes live if nothing after `entry` has been passed over, and returns whether it did.
    mutating func endReplay(through entry: StreamID) -> Bool {
        guard case .replaying(let passedOver) = phase else { return true }
        guard passedOver <= entry else { return false }
        phase = .live
        return true
    }

    // MARK: Fan-out

    mutating func receive(_ batch: LiveBatch, writer: FanOutWriter) {
        switch batch {
        case .entry(let entry): receive(entry, writer)
        case .gap: hasGap = true
        case .tick(let now): for frame in gate?.takeDue(at: now) ?? [] { offer(frame, writer) }
        }
        drain(writer)
    }

    mutating func becameWritable(writer: FanOutWriter) {
        drain(writer)
    }

    private mutating func receive(_ entry: LiveEntry, _ writer: FanOutWriter) {
        if case .replaying = phase {
            phase = .replaying(passedOver: entry.id)
            return
        }
        guard let subscription else { return }
        let now = gate == nil ? nil : ContinuousClock.now
        for frame in entry.frames where subscription.wants(frame) {
            if let now, gate?.admits(frame, at: now) == false { continue }
            offer(frame, writer)
        }
    }

    private mutating func offer(_ frame: LiveFrame, _ writer: FanOutWriter) {
        if backlog.isEmpty, writer.isWritable {
            writer.write(frame.frame)
        } else {
            backlog.insert(frame)
        }
    }

    /// Writes what waited, and before it that something is missing.
    private mutating func drain(_ writer: FanOutWriter) {
        guard writer.isWritable else { return }
        if hasGap {
            hasGap = false
            writer.write(ServerMessage.lagged(nil))
        }
        let dropped = backlog.takeDropped()
        if dropped > 0 { writer.write(ServerMessage.lagged(dropped)) }
        while writer.isWritable, let frame = backlog.popFirst() { writer.write(frame.frame) }
    }
}
