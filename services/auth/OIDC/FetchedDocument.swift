/// A document of somebody else's, kept for a while. Who asks while it is fetched waits for that.
actor FetchedDocument<Value: Sendable> {
    private let lifetime: Duration
    private let minimumInterval: Duration
    private let fetch: @Sendable () async throws -> Value
    private var kept: (value: Value, since: ContinuousClock.Instant)?
    private var waiting: [CheckedContinuation<Value, any Error>]?

    /// - Parameters:
    ///   - lifetime: For how long it is not fetched again unless it is asked for.
    ///   - minimumInterval: How soon it is fetched again when it is.
    init(
        lifetime: Duration = .seconds(3600), minimumInterval: Duration = .seconds(60),
        fetch: @escaping @Sendable () async throws -> Value
    ) {
        self.lifetime = lifetime
        self.minimumInterval = minimumInterval
        self.fetch = fetch
    }

    /// - Throws: What fetching throws.
    func value() async throws -> Value {
        try await value(notOlderThan: lifetime)
    }

    /// What is there now, but not before the minimum interval has passed since the last time.
    ///
    /// - Throws: What fetching throws.
    func refreshed() async throws -> Value {
        try await value(notOlderThan: minimumInterval)
    }

    private func value(notOlderThan age: Duration) async throws -> Value {
        if let kept, kept.since.duration(to: .now) < age { return kept.value }
        if waiting != nil {
            return try await withCheckedThrowingContinuation { waiting?.append($0) }
        }
        waiting = []
        do {
            let value = try await fetch()
            kept = (value, .now)
            settle(.success(value))
            return value
        } catch {
            settle(.failure(error))
            throw error
        }
    }

    private func settle(_ result: Result<Value, any Error>) {
        let waited = waiting ?? []
        waiting = nil
        for continuation in waited { continuation.resume(with: result) }
    }
}
