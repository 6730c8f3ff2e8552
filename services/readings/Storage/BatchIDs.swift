import Postgres
import Synchronization

/// Hands out batch ids: the sequence steps by a block, and an instance uses the block up by itself.
final class BatchIDs: Sendable {
    /// The increment of `readings.batch_ids`.
    private static let blockSize: Int64 = 1000

    private let database: PostgresClient
    private let block = Mutex<Range<Int64>>(0..<0)

    init(database: PostgresClient) {
        self.database = database
    }

    /// - Throws: `PostgresError`.
    func next() async throws -> Int64 {
        if let id = take() { return id }
        let rows = try await database.query("SELECT nextval('readings.batch_ids')")
        let start = try rows[0].decode(Int64.self)
        // Of blocks that were fetched at once only the last is kept; ids may have gaps.
        block.withLock { $0 = start + 1..<start + Self.blockSize }
        return start
    }

    private func take() -> Int64? {
        block.withLock { $0.popFirst() }
    }
}
