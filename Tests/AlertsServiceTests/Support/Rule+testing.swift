import FoundationEssentials
import Kernel
import Postgres

@testable import AlertsService

extension RuleDefinition {
    /// A rule for a temperature above a bound.
    static func above(
        _ bound: Double, clearValue: Double? = nil, holdSeconds: Int = 0, cooldownMinutes: Int = 0,
        scope: RuleScope = .all, sensor: String = "temperature", isEnabled: Bool = true
    ) -> RuleDefinition {
        RuleDefinition(
            name: "Too hot", description: "", scope: scope, sensorType: sensor,
            condition: ThresholdCondition(.gt, bound, clearValue: clearValue), holdSeconds: holdSeconds,
            severity: .high, isEnabled: isEnabled, cooldownMinutes: cooldownMinutes, channelIDs: [])
    }
}

extension Rule {
    init(_ definition: RuleDefinition, organization: UUID = .v7()) {
        self.init(
            id: .v7(), organizationID: organization, definition: definition, version: 1, createdAt: .now,
            lastUpdated: .now)
    }
}

extension Timestamp {
    static func seconds(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: seconds * 1_000_000)
    }
}
