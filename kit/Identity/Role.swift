/// What a user may do within an organization, least first: `owner > admin > member > viewer`.
public enum Role: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Reads.
    case viewer
    /// Also operates: commands, acknowledging alerts, projects.
    case member
    /// Also manages devices, rules, channels and members.
    case admin
    /// Also billing, deleting the organization, ownership.
    case owner

    public static func < (lhs: Role, rhs: Role) -> Bool {
        lhs.rank < rhs.rank
    }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .member: 1
        case .admin: 2
        case .owner: 3
        }
    }
}
