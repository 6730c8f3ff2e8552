/// How much an alert matters.
enum Severity: String, Sendable, Codable, CaseIterable {
    case low, medium, high, critical
}
