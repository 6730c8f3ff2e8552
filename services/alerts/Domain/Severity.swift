/// How much an alert matters.
enum Severity: String, Sendable, Codable, CaseIterable {
    case low, medium, high, critical

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
