import NIOCore
import NIOPosix
import Synchronization

/// What a connection delivers, in order, for those who wait for it with a deadline.
final class Mailbox<Element: Sendable>: Sendable {
    private struct Waiter {
        let number: Int
        let continuation: CheckedContinuation<Element?, any Error>
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Waiter] = []
        var nextWaiter = 0
        /// Set once nothing more will come; an error when that is one.
        var end: Result<Element?, any Error>?
    }

    private let state = Mutex(State())

    func deliver(_ element: Element) {
        let waiter = state.withLock { state -> Waiter? in
            if !state.waiters.isEmpty { return state.waiters.removeFirst() }
            state.elements.append(element)
            return nil
        }
        waiter?.continuation.resume(returning: element)
    }

    /// Nothing more will come; the first call counts.
    func finish(throwing error: (any Error)? = nil) {
        let end: Result<Element?, any Error> = error.map { .failure($0) } ?? .success(nil)
        let waiters = state.withLock { state in
            guard state.end == nil else { return [Waiter]() }
            state.end = end
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(with: end) }
    }

    /// The next element; nil at the end.
    ///
    /// - Throws: ``TimedOut``, or the error that ended the connection.
    func next(within limit: Duration) async throws -> Element? {
        try await withCheckedThrowingContinuation { continuation in
            let waiting: Int? = state.withLock { state in
                if !state.elements.isEmpty {
                    continuation.resume(returning: state.elements.removeFirst())
                    return nil
                }
                if let end = state.end {
                    continuation.resume(with: end)
                    return nil
                }
                state.nextWaiter += 1
                state.waiters.append(Waiter(number: state.nextWaiter, continuation: continuation))
                return state.nextWaiter
            }
            guard let waiting else { return }
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(limit)) {
                self.expire(waiting, limit: limit)
            }
        }
    }

    private func expire(_ number: Int, limit: Duration) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(throwing: TimedOut(limit: limit, lastError: nil))
    }
}
