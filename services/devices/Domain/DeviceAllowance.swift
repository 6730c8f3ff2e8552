/// How many devices the plan of an organization allows, and how many there are.
struct DeviceAllowance: Sendable, Hashable {
    let plan: String
    let limit: Int
    var count: Int

    var isUsedUp: Bool { count >= limit }
}
