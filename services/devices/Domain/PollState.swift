/// How far a long poll is, and what it does about what happens to it.
///
/// What a look finds is always answered: while there is one, the end of the time waits for it.
struct PollState: Hashable, Sendable {
    enum Phase {
        case looking, waiting, over
    }

    enum Event: CaseIterable {
        /// There may be something to answer.
        case woken
        /// It is to be answered as soon as can be.
        case timeOver
        /// A look found nothing.
        case foundNothing
        /// A look found something, or failed.
        case ended
    }

    enum Action {
        case none, look, answer
    }

    private(set) var phase = Phase.looking
    /// Something came while it looked.
    private(set) var isWoken = false
    private(set) var isTimeOver = false

    mutating func handle(_ event: Event) -> Action {
        switch (phase, event) {
        case (.looking, .woken):
            isWoken = true
            return .none
        case (.looking, .timeOver):
            isTimeOver = true
            return .none
        case (.looking, .foundNothing) where !isTimeOver && isWoken:
            isWoken = false
            return .look
        case (.looking, .foundNothing) where !isTimeOver:
            phase = .waiting
            return .none
        case (.waiting, .woken):
            phase = .looking
            return .look
        case (.looking, .foundNothing), (.looking, .ended), (.waiting, .timeOver):
            phase = .over
            return .answer
        case (.waiting, .foundNothing), (.waiting, .ended), (.over, _):
            return .none
        }
    }
}
