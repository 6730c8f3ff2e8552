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
        .of(
            .threshold(
                sensor: sensor, ThresholdCondition(.gt, bound, clearValue: clearValue), holdSeconds: holdSeconds),
            cooldownMinutes: cooldownMinutes, scope: scope, isEnabled: isEnabled)
    }

    /// A rule of any kind.
    static func of(
        _ kind: RuleKind, cooldownMinutes: Int = 0, scope: RuleScope = .all, isEnabled: Bool = true,
        schedule: RuleSchedule? = nil, overrides: [UUID: ThresholdOverride] = [:]
    ) -> RuleDefinition {
        RuleDefinition(
            name: "Too hot", description: "", scope: scope, kind: kind, severity: .high, isEnabled: isEnabled,
            cooldownMinutes: cooldownMinutes, channelIDs: [], schedule: schedule, overrides: overrides)
    }
}

extension Rule {
    convenience init(_ definition: RuleDefinition, organization: UUID = .v7(), id: UUID = .v7(), version: Int = 1) {
        self.init(
            id: id, organizationID: organization, definition: definition, version: version, createdAt: .now,
            lastUpdated: .now)
    }

    /// The rule after somebody changed it.
    func changed(to definition: RuleDefinition) -> Rule {
        Rule(definition, organization: organizationID, id: id, version: version + 1)
    }
}

extension Alert {
    /// The alert that `reading` begins.
    init(_ rule: Rule, device: UUID, name: String?, reading: Reading, at now: Timestamp) {
        self.init(
            rule, device: device, name: name,
            finding: Finding(reading: reading, message: rule.definition.kind.message(for: reading.value, [])), at: now)
    }
}

extension MaintenanceWindow {
    init(_ scope: RuleScope, _ period: Period) {
        self.init(
            id: .v7(), organizationID: .v7(),
            definition: Definition(name: "Work", notes: "", scope: scope, period: period), version: 1,
            createdAt: .now)
    }
}

extension RuleSchedule {
    init?(_ zone: String, _ days: Set<Weekday>, _ from: String, _ to: String) {
        let document = RuleScheduleDocument(
            timeZone: zone, days: days.map(\.rawValue), from: from, to: to)
        guard let schedule = document.schedule else { return nil }
        self = schedule
    }
}

extension Timestamp {
    static func seconds(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: seconds * 1_000_000)
    }
}
