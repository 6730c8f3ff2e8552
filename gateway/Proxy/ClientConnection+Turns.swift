import NIOCore

/// How many pipelined requests have begun since others had their turn: what the gateway answers by itself would otherwise
/// go on for as long as a client sends more.
struct PipeliningTurn {
    /// Requests that are begun in a turn.
    static let limit = 16
    /// The next turn comes so much later. What is executed at once comes before what sockets have; what has a time comes
    /// behind it.
    fileprivate static let pause = TimeAmount.milliseconds(1)

    fileprivate var begun = 0
    fileprivate var isAwaited = false

    /// What had come has been looked at; what is left of it waits for the next turn.
    mutating func endRead() {
        if !isAwaited { begun = 0 }
    }
}

extension ClientConnection {
    /// Whether the next request may begin; if not, it does when others have had their turn.
    func takeTurn() -> Bool {
        if turn.begun < PipeliningTurn.limit {
            turn.begun += 1
            return true
        }
        guard !turn.isAwaited, let context else { return false }
        turn.isAwaited = true
        context.eventLoop.assumeIsolated().scheduleTask(in: PipeliningTurn.pause) {
            self.turn = PipeliningTurn()
            if self.phase == .idle { self.processInbound() }
        }
        return false
    }
}
