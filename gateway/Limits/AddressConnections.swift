import Synchronization

/// How many connections each address has open. There are no more addresses in it than connections.
final class AddressConnections: Sendable {
    private struct State {
        var limit: Int
        var counts: [UInt64: Int] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter limit: connections that one address may have.
    init(limit: Int) { state = Mutex(State(limit: limit)) }

    /// Lets each address have so many from now on; those that have more keep them.
    func change(limit: Int) { state.withLock { $0.limit = limit } }

    /// Counts a connection more, unless there are as many as may be.
    func open(_ address: UInt64) -> Bool {
        state.withLock { state in
            let open = state.counts[address, default: 0]
            guard open < state.limit else { return false }
            state.counts[address] = open + 1
            return true
        }
    }

    /// Counts a connection less.
    func close(_ address: UInt64) {
        state.withLock { state in
            guard let open = state.counts[address] else { return }
            state.counts[address] = open > 1 ? open - 1 : nil
        }
    }

    /// Addresses with connections.
    var count: Int { state.withLock { $0.counts.count } }
}
