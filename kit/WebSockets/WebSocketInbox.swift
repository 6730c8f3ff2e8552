import DequeModule
import Synchronization

/// The messages a client has sent and the handler has not taken yet. One consumer.
///
/// It does not refuse: the channel stops reading when the inbox says that it is full, so that it holds its size and one
/// read's worth at most.
final class WebSocketInbox: Sendable {
    private struct State: ~Copyable {
        var messages: Deque<WebSocketMessage> = []
        var size = 0
        var isFinished = false
        var consumer: CheckedContinuation<WebSocketMessage?, Never>?
        var onDrained: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// An inbox that is full with `capacity` bytes of messages.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Adds a message; false when the inbox is full now, and `onDrained` will be called once when it is not any more.
    func push(_ message: WebSocketMessage, onDrained: @escaping @Sendable () -> Void) -> Bool {
        let (consumer, isFull) = state.withLock { state in
            if let consumer = state.consumer.take() { return (consumer, false) as (CheckedContinuation?, Bool) }
            state.messages.append(message)
            // Each message counts something beside its bytes, or empty ones were free.
            state.size += message.size + 64
            let isFull = state.size >= capacity
            if isFull { state.onDrained = onDrained }
            return (nil, isFull)
        }
        consumer?.resume(returning: message)
        return !isFull
    }

    /// No more will come; what is there can still be taken.
    func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            state.onDrained = nil
            return state.consumer.take()
        }
        consumer?.resume(returning: nil)
    }

    /// The next message, or nil after the last. Also nil when the task is cancelled.
    func next() async -> WebSocketMessage? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (message, isOver, onDrained) = state.withLock { state in take(from: &state, for: continuation) }
                onDrained?()
                if let message {
                    continuation.resume(returning: message)
                } else if isOver {
                    continuation.resume(returning: nil)
                }
            }
        } onCancel: {
            finish()
        }
    }

    private func take(
        from state: inout State, for continuation: CheckedContinuation<WebSocketMessage?, Never>
    ) -> (WebSocketMessage?, isOver: Bool, onDrained: (@Sendable () -> Void)?) {
        guard let message = state.messages.popFirst() else {
            if state.isFinished { return (nil, true, nil) }
            state.consumer = continuation
            return (nil, false, nil)
        }
        state.size -= message.size + 64
        return (message, false, state.size < capacity / 2 ? state.onDrained.take() : nil)
    }
}
