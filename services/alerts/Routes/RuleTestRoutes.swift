import FoundationEssentials
import HTTPKit
import Hummingbird
import Kernel
import Postgres

/// `POST /api/v1/alerts/rules/{id}/test`: when the rule would have fired, had it been there.
struct RuleTestRoutes: Sendable {
    let rules: RuleStore
    let test: RuleTest

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/alerts/rules/{id}/test", .user(atLeast: .admin), use: run)
    }

    @Sendable private func run(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<RuleTestDocument> {
        let organization = try context.organizationID
        let question = try await request.decode(as: RuleTestQuestion.self, context: context)
        let range = try question.range()
        guard let rule = try await rules.find(context.id(), in: organization) else { throw Problem.notFound() }
        try await check(question.deviceIDs, rule)
        return JSON(RuleTestDocument(try await test.run(rule, over: range, among: question.deviceIDs), rule))
    }

    /// - Throws: 422 unless the rule is for all of the devices.
    private func check(_ devices: [UUID]?, _ rule: Rule) async throws {
        guard let devices else { return }
        let found = Set(
            try await rules.devices(
                in: rule.definition.scope, among: devices, limit: devices.count, of: rule.organizationID))
        let others = devices.filter { !found.contains($0) }.map(\.text)
        guard others.isEmpty else {
            throw Problem.invalid("device_ids", "names no device of the rule with \(others.listed)")
        }
    }
}

/// Which readings the rule is to go over.
private struct RuleTestQuestion: Decodable {
    static let longest = Duration.seconds(31 * 86_400)
    static let mostDevices = 100

    let from: Timestamp
    let to: Timestamp
    let deviceIDs: [UUID]?

    enum CodingKeys: String, CodingKey {
        case from, to
        case deviceIDs = "device_ids"
    }

    /// - Throws: 422 with everything that is wrong.
    func range() throws -> TimeRange {
        try validate { check in
            check.require(from < to, "to", "must be after from")
            check.require(to.since(from) <= Self.longest, "to", "must be at most 31 days after from")
            check.count(of: deviceIDs, 1...Self.mostDevices, "device_ids")
        }
        return TimeRange(start: from, end: to)
    }
}

/// When the rule would have fired, as it is answered.
private struct RuleTestDocument: Encodable {
    struct Item: Encodable {
        let deviceID: String
        let sensorType: String?
        let triggeredAt: Timestamp
        let resolvedAt: Timestamp?
        let value: Double
        let message: String

        enum CodingKeys: String, CodingKey {
            case value, message
            case deviceID = "device_id"
            case sensorType = "sensor_type"
            case triggeredAt = "triggered_at"
            case resolvedAt = "resolved_at"
        }
    }

    let items: [Item]
    let readings: Int
    let devices: Int
    let truncated: Bool

    init(_ report: RuleTest.Report, _ rule: Rule) {
        let sensor = rule.definition.sensorType
        items = report.firings.map { firing in
            Item(
                deviceID: firing.deviceID.text, sensorType: sensor.isEmpty ? nil : sensor,
                triggeredAt: firing.triggeredAt, resolvedAt: firing.resolvedAt, value: firing.value,
                message: firing.message)
        }
        (readings, devices, truncated) = (report.readings, report.devices, report.isTruncated)
    }
}
