/// A condition did not come true in time.
public struct TimedOut: Error, CustomStringConvertible {
    public let limit: Duration
    /// What the last attempt threw, if it did.
    public let lastError: (any Error)?

    public var description: String {
        "not so within \(limit)" + (lastError.map { ": \($0)" } ?? "")
    }
}

/// Waits until `condition` is true, asking again and again; an error that it throws counts as not yet.
///
/// - Throws: ``TimedOut`` when it is not within `limit`.
public func eventually(
    within limit: Duration = .seconds(30), every interval: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws {
    _ = try await eventually(within: limit, every: interval) { try await condition() ? () : nil }
}

/// Waits until `value` gives one that is not nil, and returns it; an error that it throws counts as not yet.
///
/// - Throws: ``TimedOut`` when there is none within `limit`.
public func eventually<Value>(
    within limit: Duration = .seconds(30), every interval: Duration = .milliseconds(10),
    _ value: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while true {
        var lastError: (any Error)?
        do {
            if let value = try await value() { return value }
        } catch {
            lastError = error
        }
        guard ContinuousClock.now < deadline else { throw TimedOut(limit: limit, lastError: lastError) }
        try await Task.sleep(for: interval)
    }
}
