/// A round at once and another after each pause, until the task is cancelled: for what is looked after over and over and
/// does not fail. What may fail is done ``periodically(every:orSay:to:_:)``.
public struct Rounds: AsyncSequence, AsyncIteratorProtocol, Sendable {
    public typealias Failure = Never

    private let pause: Duration
    private var hasBegun = false

    public init(every pause: Duration) {
        self.pause = pause
    }

    public func makeAsyncIterator() -> Rounds { self }

    public mutating func next() async -> Void? {
        await next(isolation: nil)
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async -> Void? {
        // The pause between two rounds is the purpose; a cancellation ends it early, and the rounds with it.
        if hasBegun { try? await Task.sleep(for: pause) }
        hasBegun = true
        return Task.isCancelled ? nil : ()
    }
}
