import Testing

@testable import lms

struct PlanFileTests {
    private static let free = """
        plans:
          - id: free
            name: Free
            description: ""
            currency: EUR
            monthly_price: 0
            yearly_price: 0
            limits:
              devices: 10
              members: 3
              readings_per_month: 1000000
              readings_per_minute: null
              requests_per_second: 100
              retention_days: 30

        """

    @Test func `plans are read in their order, with null for what is without limit`() throws {
        let plans = try PlanFile(yaml: Self.free).plans
        #expect(
            plans == [
                Plan(
                    id: "free", name: "Free", description: "", currency: "EUR", monthlyPrice: 0, yearlyPrice: 0,
                    limits: .init(
                        devices: 10, members: 3, readingsPerMonth: 1_000_000, readingsPerMinute: nil,
                        requestsPerSecond: 100, retentionDays: 30))
            ])
    }

    @Test func `JSON is taken too`() throws {
        let json = """
            {"plans": [{"id": "free", "name": "Free", "description": "", "currency": "EUR", "monthly_price": 0,
            "yearly_price": 0, "limits": {"devices": 10, "members": 3, "readings_per_month": 1000000,
            "readings_per_minute": null, "requests_per_second": 100, "retention_days": 30}}]}
            """
        #expect(try PlanFile(yaml: json) == PlanFile(yaml: Self.free))
    }

    @Test func `what is written is read again as the same plans`() throws {
        let file = PlanFile([
            Plan(
                id: "free", name: "Frei: \"für\" alle # 100 %", description: "null", currency: "EUR", monthlyPrice: 1,
                yearlyPrice: 12,
                limits: .init(
                    devices: 1, members: nil, readingsPerMonth: nil, readingsPerMinute: 5,
                    requestsPerSecond: 7, retentionDays: 36_500)),
            Plan(
                id: "big-1", name: "12", description: "a\nb\\/\tc", currency: "JPY", monthlyPrice: 1_000_000_000_000,
                yearlyPrice: 0,
                limits: .init(
                    devices: nil, members: nil, readingsPerMonth: nil, readingsPerMinute: nil,
                    requestsPerSecond: nil, retentionDays: nil)),
        ])
        #expect(try PlanFile(yaml: file.yaml()) == file)
    }

    @Test(arguments: [
        ("id: free", "id: Free", 2, "plans[0].id must be of lower-case letters"),
        ("id: free", "id: basic", nil, "plans must have a plan 'free'"),
        ("name: Free", "name: ''", 3, "plans[0].name must have 1 to 100 characters"),
        ("name: Free", "name: null", 3, "plans[0].name must be a text"),
        ("name: Free", "name: [Free]", 3, "plans[0].name must be a text"),
        ("currency: EUR", "currency: eur", 5, "plans[0].currency must be a currency's code"),
        ("currency: EUR", "currency: EURO", 5, "plans[0].currency must be a currency's code"),
        ("monthly_price: 0", "monthly_price: 49.00", 6, "plans[0].monthly_price must be a whole number from 0"),
        ("yearly_price: 0", "yearly_price: -1", 7, "plans[0].yearly_price must be a whole number from 0"),
        ("yearly_price: 0", "yearly_price: 1000000000001", 7, "plans[0].yearly_price must be a whole number from 0"),
        ("devices: 10", "devices: 0", 9, "plans[0].limits.devices must be a whole number from 1"),
        ("devices: 10", "devices: many", 9, "plans[0].limits.devices must be a whole number from 1"),
        ("retention_days: 30", "retention_days: 36501", 14, "plans[0].limits.retention_days must be a whole number"),
        ("requests_per_second: 100", "requests_per_second: 0.5", 13, "plans[0].limits.requests_per_second must be a"),
        ("devices: 10", "device: 10", 9, "plans[0].limits has 'device', which is none of devices, members"),
        ("      members: 3\n", "", nil, "plans[0].limits has no 'members'"),
        ("plans:", "plan:", 1, "has 'plan', which is none of plans"),
    ])
    func `what is wrong is told with its line and field`(text: String, wrong: String, line: Int?, message: String)
        throws
    {
        let yaml = Self.free.replacing(text, with: wrong, maxReplacements: 1)
        let error = try #require(throws: PlanFileError.self) { try PlanFile(yaml: yaml) }
        #expect(error.message.hasPrefix(message), "\(error)")
        if let line { #expect(error.line == line, "\(error)") }
    }

    @Test func `the same plan twice is refused with the place of the second`() throws {
        let second = Self.free.split(separator: "\n").dropFirst().joined(separator: "\n")
        let error = try #require(throws: PlanFileError.self) { try PlanFile(yaml: Self.free + second) }
        #expect(error == PlanFileError(line: 15, message: "plans[1] is the second plan 'free'"))
    }

    @Test(arguments: ["", "# nothing", "plans: [", "plans: 7", "- plans", "a: &x [*x]"])
    func `what is no file of plans is refused`(yaml: String) {
        #expect(throws: PlanFileError.self) { try PlanFile(yaml: yaml) }
    }

    @Test func `there may be so many plans and no more, in a file of such a size and no larger`() throws {
        func plans(_ count: Int) throws -> String {
            let free = try PlanFile(yaml: Self.free).plans[0]
            return try PlanFile(
                [free]
                    + (1..<count).map {
                        Plan(
                            id: "p\($0)", name: "P", description: "", currency: "EUR", monthlyPrice: 0, yearlyPrice: 0,
                            limits: free.limits)
                    }
            ).yaml()
        }
        #expect(try PlanFile(yaml: plans(PlanFile.mostPlans)).plans.count == PlanFile.mostPlans)
        #expect(throws: PlanFileError.self) { try PlanFile(yaml: plans(PlanFile.mostPlans + 1)) }
        let padding = PlanFile.greatestSize - Self.free.utf8.count - 1
        #expect(throws: Never.self) { try PlanFile(yaml: Self.free + "#" + String(repeating: "x", count: padding)) }
        #expect(throws: PlanFileError.self) {
            try PlanFile(yaml: Self.free + "#" + String(repeating: "x", count: padding + 1))
        }
    }
}
