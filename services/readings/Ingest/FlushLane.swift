import FoundationEssentials
import ServiceKit
import Synchronization

/// Requests that wait for a transaction, and the flushers that take them out batch by batch.
///
/// Organizations take turns by their rows, so that none waits behind all that another sends. ``FlushPace`` says when the
/// next flush is worth it.
final class FlushLane: Sendable {
    /// The rows of one request, or of those of its days that fit into one transaction.
    struct Request {
        let devices: [DeviceRows]
        let days: [Int64]
        let rowCount: Int
        let trace: RequestTrace?
        /// When it has waited as long as it may.
        let deadline: ContinuousClock.Instant
        let completion: Batcher.Completion
    }

    private let flushers: Int
    private let state = Mutex(State())

    /// - Parameter flushers: So many flushes may be under way at once.
    init(flushers: Int) {
        self.flushers = flushers
    }

    /// - Returns: False when there is no room for it, or the lane is closed.
    func enqueue(_ request: Request) -> Bool {
        let (isAccepted, flusher) = state.withLock { state -> (Bool, State.Flusher?) in
            guard !state.isClosed, state.enqueue(request) else { return (false, nil) }
            return (true, state.takeFlusher(at: .now))
        }
        flusher?.resume()
        return isAccepted
    }

    /// Takes out those that have waited too long: whoever takes a request out is the one to answer it, so these are stored
    /// no more.
    func takeOverdue() -> [Request] {
        let (overdue, flusher) = state.withLock { ($0.takeOverdue(at: .now), $0.takeFlusher(at: .now)) }
        // Another flush may be stuck.
        flusher?.resume()
        return overdue
    }

    /// Takes no more requests; those that wait are flushed.
    func close() {
        for flusher in state.withLock({ $0.close() }) { flusher.resume() }
    }

    /// Flushes until the lane is closed and empty.
    func run(_ flush: @escaping @Sendable ([Request]) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<flushers {
                group.addTask {
                    while let batch = await self.nextBatch() {
                        await flush(batch)
                        self.state.withLock { $0.pace.end(at: .now) }
                    }
                }
            }
        }
    }

    /// Waits for requests; nil when there are none left and none will come.
    private func nextBatch() async -> [Request]? {
        while true {
            switch state.withLock({ $0.nextTurn(at: .now) }) {
            case .flush(let batch): return batch
            case .gather(let end): await gather(until: end)
            case .rest: await rest()
            case .end: return nil
            }
        }
    }

    private func rest() async {
        await withCheckedContinuation { flusher in
            let mustLook = state.withLock { !$0.rest(flusher, at: .now) }
            if mustLook { flusher.resume() }
        }
    }

    /// Waits until enough requests have come, but no longer than to `end`.
    private func gather(until end: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // The wait is the purpose: what comes meanwhile shares the flush.
                guard (try? await Task.sleep(until: end)) != nil else { return }
                self.state.withLock { $0.takeGatherer() }?.resume()
            }
            await withCheckedContinuation { flusher in
                let mustLook = state.withLock { !$0.gather(flusher, at: .now) }
                if mustLook { flusher.resume() }
            }
            group.cancelAll()
        }
    }
}
