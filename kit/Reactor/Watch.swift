import Glibc

/// What to wait for on a descriptor, and what it is ready for.
public struct Interest: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let read = Interest(rawValue: 1)
    public static let write = Interest(rawValue: 2)

    var events: Int16 {
        Int16((contains(.read) ? POLLIN : 0) | (contains(.write) ? POLLOUT : 0))
    }

    /// An error or a hang-up counts as both, so that whichever call comes next finds it.
    init(readyEvents events: Int16) {
        if Int32(events) & (POLLERR | POLLHUP | POLLNVAL) != 0 {
            self = [.read, .write]
        } else {
            self = []
            if Int32(events) & POLLIN != 0 { insert(.read) }
            if Int32(events) & POLLOUT != 0 { insert(.write) }
        }
    }
}

/// A descriptor that the reactor waits on. `@unchecked Sendable`: it is only touched on the reactor's thread, which
/// the reactor checks.
public final class Watch: @unchecked Sendable {
    private unowned let reactor: Reactor
    let handler: @Sendable (Interest) -> Void
    var slot: Int
    private(set) var isCancelled = false

    init(reactor: Reactor, slot: Int, interest: Interest, handler: @escaping @Sendable (Interest) -> Void) {
        self.reactor = reactor
        self.slot = slot
        self.interest = interest
        self.handler = handler
    }

    /// What to wait for from now on.
    public var interest: Interest {
        didSet {
            if interest != oldValue, !isCancelled { reactor.setInterest(interest, slot: slot) }
        }
    }

    /// Ends the watch: its handler is not called again.
    public func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        reactor.removeWatch(slot: slot)
    }
}
