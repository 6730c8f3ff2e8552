/// What fits into one transaction: so many rows, and rows of so many days. A day may open a chunk: nobody else opens one
/// until the transaction ends, and its locks add up until none are left.
struct FlushBounds {
    static let maximumRows = 20_000
    static let maximumDays = 16

    private var rows = 0
    private var days: Set<Int64> = []

    /// Takes what a request brings, if it fits; the first always does.
    ///
    /// - Parameter requestDays: The days of its rows, each once, at most ``maximumDays``.
    mutating func take(rows count: Int, days requestDays: [Int64]) -> Bool {
        if rows > 0 {
            guard rows + count <= Self.maximumRows else { return false }
            let added = requestDays.count { !days.contains($0) }
            guard days.count + added <= Self.maximumDays else { return false }
        }
        rows += count
        days.formUnion(requestDays)
        return true
    }
}
