import CPostgres
import Reactor
import Synchronization

/// Asks the server, over a connection of its own, to stop what a leased connection is running.
///
/// `PQcancel` blocks, so it runs off the reactor; the connection is only used again once it has returned, or the
/// request could hit the next user's statement.
final class Canceller: Sendable {
    private struct State {
        var handle: CancelHandle?
        var isCancelling = false
        var waiters: [CheckedContinuation<Void, Never>] = []

        var isUnsettled: Bool { isCancelling && handle != nil }
    }

    private let state = Mutex(State())

    func attach(to connection: OpaquePointer?) {
        let handle = PQgetCancel(connection).map(CancelHandle.init)
        state.withLock { $0.handle = handle }
    }

    /// The connection is closed: nobody need wait for a cancellation any more.
    func detach() {
        let waiters = state.withLock { state in
            state.handle = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Whether the connection may not be used because a cancellation could still reach it.
    var isUnsettled: Bool {
        state.withLock(\.isUnsettled)
    }

    /// Starts to cancel; may be called from any thread.
    func cancel() {
        let handle = state.withLock { state -> CancelHandle? in
            guard !state.isCancelling, let handle = state.handle else { return nil }
            state.isCancelling = true
            return handle
        }
        guard let handle else { return }
        startBlocking { [self] in
            handle.cancel()
            let waiters = state.withLock { state in
                state.isCancelling = false
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    /// Suspends until a cancellation that was started has returned, or the connection is closed.
    func settled() async {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                if state.isUnsettled { state.waiters.append(continuation) }
                return !state.isUnsettled
            }
            if isSettled { continuation.resume() }
        }
    }
}

/// A `PGcancel`. `@unchecked Sendable`: it is not changed after it was made, and `PQcancel` may run on any thread.
private final class CancelHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQfreeCancel(pointer)
    }

    /// A request that does not get through changes nothing: the statement runs to its own end.
    func cancel() {
        var message = [CChar](repeating: 0, count: 256)
        _ = PQcancel(pointer, &message, Int32(message.count))
    }
}
