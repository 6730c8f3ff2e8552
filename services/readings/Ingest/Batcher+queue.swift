import FoundationEssentials
import ServiceKit

extension Batcher {
    /// The rows of one request, or of those of its days that fit into one transaction.
    struct Request {
        let devices: [DeviceRows]
        let days: [Int64]
        let rowCount: Int
        let trace: RequestTrace?
        /// When it has waited as long as it may.
        let deadline: ContinuousClock.Instant
        let completion: Completion
    }

    /// What waits for its transaction, and who waits for work.
    struct State {
        /// By rows; an organization may hold half of it, so that there is room for others whatever it sends.
        var queue = FairQueue<UUID, Request>(
            capacity: 200_000, share: 100_000, quantum: ReadingLimits.readingsPerRequest)
        var idleFlushers: [CheckedContinuation<Void, Never>] = []
        var isClosed = false

        /// - Returns: False when there is no room for it.
        mutating func enqueue(_ request: Request) -> Bool {
            guard let organization = request.devices.first?.organizationID else { return false }
            return queue.append(request, weight: request.rowCount, of: organization)
        }

        /// The requests that share the next transaction.
        mutating func takeBatch() -> [Request] {
            var bounds = FlushBounds()
            return queue.take { bounds.take(rows: $0.rowCount, days: $0.days) }
        }

        /// Takes out those that have waited too long; they are stored no more.
        mutating func takeOverdue(at now: ContinuousClock.Instant) -> [Request] {
            queue.removeFirst { $0.deadline <= now }
        }
    }
}
