/// How much an alert matters.
enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
    case low, medium, high, critical

    static func < (lhs: Severity, rhs: Severity) -> Bool { lhs.rank < rhs.rank }

    private var rank: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 2
        case .critical: 3
        }
    }

    /// The next higher one.
    var next: Severity? {
        switch self {
        case .low: .medium
        case .medium: .high
        case .high: .critical
        case .critical: nil
        }
    }
}
