import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct EvaluationTests {
    private let rule = Rule(.above(30))
    private let device = UUID.v7()
    private let now = Timestamp.seconds(1_000)

    private var key: RuleKey { RuleKey(ruleID: rule.id, deviceID: device, sensorType: "temperature") }

    @Test func anAlertThatBeginsIsNewWithItsNewestCount() {
        let changes = evaluate([20, 31, 32])
        #expect(changes.newAlerts.count == 1)
        #expect(changes.newAlerts.first?.count == 2)
        #expect(changes.newAlerts.first?.lastReading.value == 32)
        #expect(changes.changedAlerts.isEmpty)
        #expect(changes.steps.map(\.event) == [.triggered])
        #expect(changes.steps.first?.alert.count == 1)
        #expect(changes.states[key]?.lastReading == .seconds(3))
    }

    @Test func alertsThatBeginAndEndInOneBatchAreAllKept() {
        let changes = evaluate([31, 20, 32, 21, 33])
        #expect(changes.newAlerts.map(\.status) == [.resolved, .resolved, .active])
        #expect(changes.steps.map(\.event) == [.triggered, .resolved, .triggered, .resolved, .triggered])
        #expect(changes.changedAlerts.isEmpty)
    }

    @Test func aStoredAlertIsCountedOnAndResolved() throws {
        let stored = Alert(
            rule, device: device, name: "Fridge", reading: Reading(time: .seconds(0), value: 31), at: .seconds(1))
        let counted = evaluate([32, 33], open: stored)
        #expect(counted.newAlerts.isEmpty)
        #expect(counted.changedAlerts.map(\.count) == [3])
        #expect(counted.steps.isEmpty)

        let resolved = evaluate([32, 20], open: stored)
        let alert = try #require(resolved.changedAlerts.first)
        #expect(alert.status == .resolved)
        #expect(alert.resolvedAt == now)
        #expect(alert.count == 2)
        #expect(alert.version > stored.version + 1)
        #expect(resolved.steps.map(\.event) == [.resolved])
    }

    @Test func `a dismissed alert stands until its condition has cleared, and silently`() throws {
        var stored = Alert(
            rule, device: device, name: "Fridge", reading: Reading(time: .seconds(0), value: 31), at: .seconds(1))
        _ = try stored.take(.dismiss, by: .v7(), at: .seconds(2))
        let holding = evaluate([32, 33], open: stored)
        #expect(holding.newAlerts.isEmpty && holding.changedAlerts.isEmpty && holding.steps.isEmpty)

        let cleared = evaluate([32, 20], open: stored)
        #expect(cleared.changedAlerts.map(\.status) == [.dismissed])
        #expect(cleared.changedAlerts.map(\.clearedAt) == [now])
        #expect(cleared.changedAlerts.map(\.isStanding) == [false])
        #expect(cleared.steps.isEmpty)

        let again = evaluate([32, 20, 34], open: stored)
        #expect(again.newAlerts.map(\.status) == [.active])
        #expect(again.steps.map(\.event) == [.triggered])
    }

    @Test func nothingIsChangedByReadingsThatAreNoNews() {
        let stored = Alert(
            rule, device: device, name: nil, reading: Reading(time: .seconds(9), value: 31), at: .seconds(9))
        let state = RuleState(lastReading: .seconds(9), lastTriggered: .seconds(9))
        let changes = evaluate([20, 40], open: stored, state: state)
        #expect(changes.changedAlerts.isEmpty)
        #expect(changes.steps.isEmpty)
    }

    /// Evaluates readings of the seconds 1, 2, 3, …
    private func evaluate(_ values: [Double], open: Alert? = nil, state: RuleState? = nil) -> EvaluationChanges {
        var evaluation = Evaluation(
            states: state.map { [key: $0] } ?? [:], openAlerts: open.map { [key: $0] } ?? [:], now: now)
        let readings = values.enumerated().map { Reading(time: .seconds(Int64($0.offset + 1)), value: $0.element) }
        evaluation.evaluate(
            readings.map { .reading($0, sensor: "temperature") }, by: rule, at: device, named: "Fridge")
        return evaluation.changes
    }
}
