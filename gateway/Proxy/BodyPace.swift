import NIOCore

/// How slowly the body of a request may come. A client that sends a byte now and then is never idle, and would keep its
/// connection, and one to a service, for as long as it likes.
///
/// A token bucket of time: content brings as much as it may take at the least rate, and no more is saved up than the
/// allowance with which a body begins. So a body may take as long as it needs at a better rate, and falls behind the least
/// one by the allowance at most. Time in which the gateway itself does not read does not count.
struct BodyPace: Equatable {
    private var deadline = NIODeadline.distantFuture
    /// When reading was held back, while it is.
    private var heldSince: NIODeadline?

    /// When to give the body up. That of one that has not begun, has ended, or is not read now, never.
    var due: NIODeadline { heldSince == nil ? deadline : .distantFuture }

    private var isUnderWay: Bool { deadline < .distantFuture }

    /// A body is awaited.
    mutating func begin(_ timeouts: RouteTimeouts, now: NIODeadline) {
        deadline = now + timeouts.body
        heldSince = nil
    }

    /// So many bytes of content have come.
    mutating func receive(_ count: Int, _ timeouts: RouteTimeouts, now: NIODeadline) {
        guard isUnderWay else { return }
        let earned = Double(count) / Double(timeouts.bodyRate) * 1e9
        deadline = min(deadline + .nanoseconds(Int64(earned)), now + timeouts.body)
    }

    /// Nothing is read until ``resume(now:)``.
    mutating func hold(now: NIODeadline) {
        if isUnderWay, heldSince == nil { heldSince = now }
    }

    mutating func resume(now: NIODeadline) {
        guard let since = heldSince else { return }
        heldSince = nil
        deadline = deadline + (now - since)
    }

    /// The last byte has come.
    mutating func end() { self = BodyPace() }
}

extension ClientConnection {
    /// When to give up what is awaited of the client, or of the service once the request is whole.
    func requestDeadline(_ route: Route) -> NIODeadline {
        exchange.requestEnded ? worker.now + route.timeouts.response : min(worker.now + route.timeouts.idle, pace.due)
    }

    /// The client is not read from for now, which is not its fault.
    func holdBody() {
        pace.hold(now: worker.now)
        if phase == .exchange, exchange.isConnected, !exchange.requestEnded { extendDeadline() }
    }

    /// The client is read from again.
    func resumeBody() {
        pace.resume(now: worker.now)
        if phase == .exchange, exchange.isConnected, !exchange.requestEnded { extendDeadline() }
    }
}
