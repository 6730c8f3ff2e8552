import FoundationEssentials
import Yams

/// A file of all plans that are to be offered, the smallest first. It is YAML, and so may be JSON.
struct PlanFile: Sendable, Hashable {
    static let mostPlans = 100
    /// In bytes.
    static let greatestSize = 1 << 20

    let plans: [Plan]

    init(_ plans: [Plan]) {
        self.plans = plans
    }

    /// - Throws: ``PlanFileError`` for the first thing that is wrong.
    init(yaml: String) throws(PlanFileError) {
        guard yaml.utf8.count <= Self.greatestSize else {
            throw PlanFileError(line: nil, message: "the file is larger than \(Self.greatestSize) bytes")
        }
        let list = try PlanFileValue(node: Self.parse(yaml), path: "").members(of: ["plans"])[0]
        var plans: [Plan] = []
        for value in try list.elements(atMost: Self.mostPlans) {
            let plan = try Plan(value)
            guard !plans.contains(where: { $0.id == plan.id }) else {
                throw value.error("is the second plan '\(plan.id)'")
            }
            plans.append(plan)
        }
        guard plans.contains(where: { $0.id == Plan.initialID }) else {
            throw list.error("must have a plan '\(Plan.initialID)', which every organization begins with")
        }
        self.plans = plans
    }

    private static func parse(_ yaml: String) throws(PlanFileError) -> Node {
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw PlanFileError(line: nil, message: "is no YAML: \(error)")
        }
        guard let node else { throw PlanFileError(line: nil, message: "is empty") }
        return node
    }
}

extension Plan {
    fileprivate init(_ value: PlanFileValue) throws(PlanFileError) {
        let members = try value.members(of: [
            "id", "name", "description", "currency", "monthly_price", "yearly_price", "limits",
        ])
        let identifier = members[0]
        id = try identifier.text(of: 1...32)
        guard id.wholeMatch(of: /[a-z][a-z0-9_-]*/) != nil else {
            throw identifier.error("must be of lower-case letters, digits, hyphens and underscores, a letter first")
        }
        name = try members[1].text(of: 1...100)
        description = try members[2].text(of: 0...1_000)
        currency = try members[3].text(of: 1...100)
        guard currency.wholeMatch(of: /[A-Z]{3}/) != nil else {
            throw members[3].error("must be a currency's code (ISO 4217), such as EUR")
        }
        monthlyPrice = try members[4].number(in: 0...Self.highestPrice)
        yearlyPrice = try members[5].number(in: 0...Self.highestPrice)
        limits = try Limits(members[6])
    }

    /// In minor units.
    private static let highestPrice = 1_000_000_000_000
}

extension Plan.Limits {
    fileprivate init(_ value: PlanFileValue) throws(PlanFileError) {
        // Each is to be stated: what is forgotten would be without limit.
        let members = try value.members(of: [
            "devices", "members", "readings_per_month", "readings_per_minute", "requests_per_second", "retention_days",
        ])
        devices = try members[0].limit(upTo: Self.highest)
        self.members = try members[1].limit(upTo: Self.highest)
        readingsPerMonth = try members[2].limit(upTo: Self.highest)
        readingsPerMinute = try members[3].limit(upTo: Self.highest)
        requestsPerSecond = try members[4].limit(upTo: Self.highest)
        retentionDays = try members[5].limit(upTo: 36_500)
    }

    private static let highest = 1_000_000_000_000
}
