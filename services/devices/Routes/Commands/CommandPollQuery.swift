import HTTPKit

/// What a device asks for when it polls for commands.
struct CommandPollQuery: Sendable {
    private static let defaultLimit = 10
    private static let maximumLimit = 100
    private static let maximumWait = 60

    /// So many commands at most.
    let limit: Int
    /// How long it waits for the first one.
    let patience: Duration

    /// `limit`, and `wait` in seconds, which is none where it is not said.
    ///
    /// - Throws: 422 for more than there may be.
    init(_ query: QueryParameters) throws(Problem) {
        patience = .seconds(try query.value("wait", in: 0...Self.maximumWait) ?? 0)
        limit = try query.value("limit", in: 1...Self.maximumLimit) ?? Self.defaultLimit
    }
}
