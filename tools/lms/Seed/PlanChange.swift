/// What becomes of one plan when others take the place of those that are offered.
struct PlanChange: Sendable, Hashable, Encodable {
    enum Kind: String, Sendable, Encodable {
        case added, changed, unchanged, retired
        /// It had been retired.
        case offeredAgain = "offered again"
    }

    let id: String
    let kind: Kind
    /// As it was; nil for one that is added.
    let before: Plan?
    /// As it is from now on; nil for one that is retired.
    let after: Plan?

    /// Whether those who have the plan get other limits.
    var changesLimits: Bool {
        guard let before, let after else { return false }
        return before.limits != after.limits
    }
}

extension PlanChange {
    /// A plan that there is.
    struct Stored: Sendable, Hashable {
        let plan: Plan
        let isRetired: Bool
    }

    /// From what there is to what is to be offered: first of the offered ones in their order, then of the retired ones.
    static func changes(from stored: [Stored], to plans: [Plan]) -> [PlanChange] {
        let offered = plans.map { plan in
            let before = stored.first { $0.plan.id == plan.id }
            let kind: Kind =
                switch before {
                case nil: .added
                case let before? where before.isRetired: .offeredAgain
                case let before?: before.plan == plan ? .unchanged : .changed
                }
            return PlanChange(id: plan.id, kind: kind, before: before?.plan, after: plan)
        }
        let retired = stored.filter { one in !one.isRetired && !plans.contains { $0.id == one.plan.id } }
        return offered + retired.map { PlanChange(id: $0.plan.id, kind: .retired, before: $0.plan, after: nil) }
    }
}

extension PlanChange: CustomStringConvertible {
    var description: String {
        "\(id): \(kind.rawValue)" + (kind == .retired ? "; who has it keeps it" : "")
    }
}
