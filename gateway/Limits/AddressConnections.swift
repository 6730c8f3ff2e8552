import Synchronization

/// How many connections each address has open. There are no more addresses in it than connections.
final class AddressConnections: Sendable {
    private let counts = Mutex<[UInt64: Int]>([:])
    private let limit: Int

    /// - Parameter limit: connections that one address may have.
    init(limit: Int) { self.limit = limit }

    /// Counts a connection more, unless there are as many as may be.
    func open(_ address: UInt64) -> Bool {
        counts.withLock { counts in
            let open = counts[address, default: 0]
            guard open < limit else { return false }
            counts[address] = open + 1
            return true
        }
    }

    /// Counts a connection less.
    func close(_ address: UInt64) {
        counts.withLock { counts in
            guard let open = counts[address] else { return }
            counts[address] = open > 1 ? open - 1 : nil
        }
    }

    /// Addresses with connections.
    var count: Int { counts.withLock(\.count) }
}
