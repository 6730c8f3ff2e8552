/// How many members the plan of an organization allows, and how many there are.
struct MemberAllowance: Sendable, Hashable {
    let plan: String
    let limit: Int
    let members: Int
    /// Invitations that can still be accepted: each is a place that is promised.
    let invitations: Int

    /// Whether nobody else can be promised a place.
    var isPromised: Bool { members + invitations >= limit }
    /// Whether more are promised than there are.
    var isExceeded: Bool { members + invitations > limit }
    /// Whether nobody can take one.
    var isUsedUp: Bool { members >= limit }
}
