import Postgres

/// How long a personal access token holds, as a form offers it.
enum TokenLifetime: String, Sendable, CaseIterable {
    case month = "30"
    case quarter = "90"
    case year = "365"
    case unlimited = "none"

    static let `default` = TokenLifetime.quarter

    var title: String {
        switch self {
        case .month, .quarter, .year: "\(rawValue) days"
        case .unlimited: "No end"
        }
    }

    /// When a token that is made now ends; nil for one without an end.
    func end(from now: Timestamp) -> Timestamp? {
        Int(rawValue).map { now.adding(.seconds($0 * 86_400)) }
    }
}
