import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct AlertApplicationTests {
    private let rule = Rule(.above(30))
    private let last = Reading(time: .seconds(9), value: 33)

    private func alert() -> Alert {
        Alert(rule, device: .v7(), name: "Fridge", reading: Reading(time: .seconds(0), value: 31), at: .seconds(1))
    }

    private func application(
        _ standing: [Alert] = [], rules: Set<UUID>? = nil, deleted: Set<UUID> = []
    ) -> AlertApplication {
        AlertApplication(
            rules: rules ?? [rule.id], deleted: deleted,
            standing: Dictionary(uniqueKeysWithValues: standing.map { ($0.key, $0) }))
    }

    private func ended(_ alert: Alert, counted: Int = 2) -> AlertChange {
        .ended(
            StandingAlert(id: alert.id, counted: counted, lastReading: last), key: alert.key, at: .seconds(10),
            channelIDs: [])
    }

    @Test func `an alert that ends is counted to its end and goes on from the version that is stored`() throws {
        var stored = alert()
        _ = try stored.take(.acknowledge, by: .v7(), at: .seconds(2))
        var application = application([stored])
        try application.apply(ended(stored))
        let step = try #require(application.steps.first)
        #expect(step.event == .resolved && step.alert.count == 3 && step.alert.lastReading == last)
        #expect(step.alert.version == stored.version + 2)
        #expect(step.alert.acknowledgedBy == stored.acknowledgedBy)
        #expect(application.standing.isEmpty)
    }

    @Test func `the end of a dismissed alert is stored, and nobody is told`() throws {
        var stored = alert()
        _ = try stored.take(.dismiss, by: .v7(), at: .seconds(2))
        var application = application([stored])
        try application.apply(ended(stored))
        #expect(application.steps.isEmpty && application.statements.count == 1)
        #expect(application.standing.isEmpty)
    }

    @Test func `an alert that begins and ends at a deleted device is left out, and holds nothing up`() throws {
        let (gone, there) = (alert(), alert())
        var application = application(deleted: [gone.key.deviceID])
        for alert in [gone, there] {
            try application.apply(.begun(alert, NotificationPlan(rule.definition)))
            try application.apply(ended(alert))
        }
        #expect(application.steps.map(\.alert.id) == [there.id, there.id])
        #expect(throws: StandingChanged.self) { try application.apply(ended(alert())) }
    }

    @Test func `an alert that begins and ends within a turn is told of twice`() throws {
        let alert = alert()
        var application = application()
        try application.apply(.begun(alert, NotificationPlan(channelIDs: [])))
        try application.apply(ended(alert))
        #expect(application.steps.map(\.event) == [.triggered, .resolved])
        #expect(application.steps.map(\.alert.count) == [1, 3])
    }

    @Test func `a turn says in which organizations alerts have begun`() {
        let (begun, ended) = (alert(), self.ended(alert()))
        let turn = EvaluationTurn(
            checkpoints: [:], alerts: [.begun(begun, NotificationPlan(channelIDs: [])), ended])
        #expect(turn.begunIn == [rule.organizationID])
        #expect(EvaluationTurn(checkpoints: [:], alerts: [ended]).begunIn.isEmpty)
    }

    @Test func `nothing is stored beside what people did meanwhile`() {
        let alert = alert()
        var resolved = application()
        #expect(throws: StandingChanged.self) { try resolved.apply(ended(alert)) }
        var other = application([self.alert()])
        #expect(throws: StandingChanged.self) { try other.apply(ended(alert)) }
        var reopened = application([alert])
        #expect(throws: StandingChanged.self) { try reopened.apply(.begun(alert, NotificationPlan(channelIDs: []))) }
        var deleted = application(rules: [])
        #expect(throws: StandingChanged.self) { try deleted.apply(.begun(alert, NotificationPlan(channelIDs: []))) }
    }
}
