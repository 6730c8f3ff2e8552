import FoundationEssentials

extension FlushLane {
    /// What a flusher is to do next.
    enum Turn {
        case flush([Request])
        /// What is queued is to be flushed, but not before as much has come as is worth it, or the time has.
        case gather(until: ContinuousClock.Instant)
        case rest
        /// There is nothing left, and nothing will come.
        case end
    }

    /// What waits for its transaction, and who waits for work.
    struct State {
        typealias Flusher = CheckedContinuation<Void, Never>

        /// By rows; an organization may hold half of it, so that there is room for others whatever it sends.
        private var queue = FairQueue<UUID, Request>(
            capacity: 200_000, share: 100_000, quantum: ReadingLimits.readingsPerRequest)
        var pace = FlushPace()
        private var idleFlushers: [Flusher] = []
        private var gatherer: Flusher?
        private(set) var isClosed = false

        /// - Returns: False when there is no room for it.
        mutating func enqueue(_ request: Request) -> Bool {
            guard let organization = request.devices.first?.organizationID else { return false }
            return queue.append(request, weight: request.rowCount, of: organization)
        }

        /// Takes out those that have waited too long; they are stored no more.
        mutating func takeOverdue(at now: ContinuousClock.Instant) -> [Request] {
            queue.removeFirst { $0.deadline <= now }
        }

        /// No more requests come; all who wait are to look for what is left.
        mutating func close() -> [Flusher] {
            isClosed = true
            defer { (idleFlushers, gatherer) = ([], nil) }
            return idleFlushers + (gatherer.map { [$0] } ?? [])
        }

        // MARK: Turns

        /// - Returns: What the flusher that asks is to do; with a batch its flush has begun.
        mutating func nextTurn(at now: ContinuousClock.Instant) -> Turn {
            guard !queue.isEmpty else { return isClosed ? .end : .rest }
            if !isClosed {
                guard gatherer == nil, mayFlush(at: now) else { return .rest }
                if let end = waitsUntil(at: now) { return .gather(until: end) }
            }
            var bounds = FlushBounds()
            let batch = queue.take { bounds.take(rows: $0.rowCount, days: $0.days) }
            pace.begin(requests: batch.count, at: now)
            return .flush(batch)
        }

        /// Who is to look at the queue after a change; nil when it is in hand, or not worth it.
        mutating func takeFlusher(at now: ContinuousClock.Instant) -> Flusher? {
            guard mayFlush(at: now) else { return nil }
            guard gatherer == nil else { return waitsUntil(at: now) == nil ? takeGatherer() : nil }
            return idleFlushers.popLast()
        }

        mutating func takeGatherer() -> Flusher? {
            defer { gatherer = nil }
            return gatherer
        }

        /// - Returns: Whether the flusher has to wait until it is taken; false when there is something to do.
        mutating func rest(_ flusher: Flusher, at now: ContinuousClock.Instant) -> Bool {
            guard !isClosed, gatherer != nil || !mayFlush(at: now) else { return false }
            idleFlushers.append(flusher)
            return true
        }

        /// - Returns: The same, of a flusher that gathers.
        mutating func gather(_ flusher: Flusher, at now: ContinuousClock.Instant) -> Bool {
            guard !isClosed, gatherer == nil, mayFlush(at: now), waitsUntil(at: now) != nil else { return false }
            gatherer = flusher
            return true
        }

        private func mayFlush(at now: ContinuousClock.Instant) -> Bool {
            pace.mayBegin(rows: queue.weight, at: now)
        }

        private func waitsUntil(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
            pace.waitsUntil(requests: queue.count, rows: queue.weight, at: now)
        }
    }
}
