import FoundationEssentials

/// As whom row security sees a statement.
public enum Scope: Sendable, Hashable {
    /// The service's own role with no tenant set: tables of tenants show no rows.
    case none
    /// One organization's rows.
    case organization(UUID)
    /// Every organization's rows: for background work over all of them.
    case platform

    var organization: UUID? {
        if case .organization(let id) = self { id } else { nil }
    }

    /// What sets the scope for the length of the transaction, without a round trip of its own.
    func prologue(platformRole: String) -> [Statement] {
        switch self {
        case .none: []
        case .organization(let id):
            [Statement("SELECT set_config('lms.organization_id', \(id.uuidString.lowercased()), true)")]
        case .platform:
            [Statement("SELECT set_config('role', \(platformRole), true)")]
        }
    }
}
