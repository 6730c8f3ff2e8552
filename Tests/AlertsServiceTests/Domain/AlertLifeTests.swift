import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct AlertLifeTests {
    private static let member = UUID.v7()
    private static let actions: [AlertAction] = [
        .acknowledge, .resolve, .dismiss, .assign(to: member), .reopen, .comment,
    ]

    /// What each action of ``actions`` leads to; nil where it is refused.
    static let matrix: [(AlertStatus, [AlertStatus?])] = [
        (.active, [.acknowledged, .resolved, .dismissed, .active, .active, .active]),
        (.acknowledged, [.acknowledged, .resolved, .dismissed, .acknowledged, .acknowledged, .acknowledged]),
        (.resolved, [nil, .resolved, nil, nil, .active, .resolved]),
        (.dismissed, [nil, nil, .dismissed, nil, .active, .dismissed]),
    ]

    @Test(arguments: matrix)
    func `every status has an answer to every action`(_ status: AlertStatus, _ answers: [AlertStatus?]) throws {
        for (action, answer) in zip(Self.actions, answers) {
            if let answer {
                #expect(try status.after(action) == answer, "\(action)")
            } else {
                let error = #expect(throws: AlertActionRefused.self, "\(action)") { try status.after(action) }
                #expect(error?.problem.status.code == 409)
                #expect(error?.problem.detail?.hasSuffix(".") == true)
            }
        }
        #expect(answers.count == Self.actions.count)
        #expect(Self.matrix.map(\.0) == AlertStatus.allCases)
    }

    private func alert(severity: Severity = .low, raiseAfter seconds: Int? = 60) -> Alert {
        var definition = RuleDefinition.above(30)
        definition.severity = severity
        definition.raiseAfterSeconds = seconds
        return Alert(
            Rule(definition), device: .v7(), name: nil, reading: Reading(time: .seconds(0), value: 31),
            at: .seconds(1_000))
    }

    @Test func `what was done before changes nothing, a comment always does`() throws {
        var alert = alert()
        let user = UUID.v7()
        for (action, isFinal) in [
            (AlertAction.assign(to: Self.member), false), (.acknowledge, false), (.dismiss, true), (.reopen, false),
            (.resolve, true),
        ] {
            let version = alert.version
            #expect(try alert.take(action, by: user, notes: "so", at: .seconds(1_001)) == action.event)
            #expect(alert.version == version + 1)
            let taken = alert
            #expect(try alert.take(action, by: .v7(), notes: "again", at: .seconds(1_002)) == nil)
            #expect(alert == taken)
            #expect(alert.status.isOpen != isFinal)
        }
        #expect(alert.notes == "so")
        #expect(try alert.take(.comment, by: user, notes: "hm", at: .seconds(1_003)) == .commented)
        #expect(try alert.take(.comment, by: user, notes: "hm", at: .seconds(1_003)) == .commented)
        #expect(alert.notes == "so")
    }

    @Test func `an alert is opened again as it began, for seven days`() throws {
        var ended = alert()
        _ = try ended.take(.acknowledge, by: .v7(), at: .seconds(1_001))
        _ = try ended.take(.resolve, by: .v7(), at: .seconds(1_002))
        let week = Int64(7 * 86_400)
        var late = ended
        #expect(throws: AlertActionRefused.self) { try late.take(.reopen, by: .v7(), at: .seconds(1_003 + week)) }
        #expect(late == ended)
        #expect(try ended.take(.reopen, by: .v7(), at: .seconds(1_002 + week)) == .reopened)
        #expect(ended.status == .active && ended.isStanding)
        #expect(ended.acknowledgedBy == nil && ended.resolvedBy == nil && ended.resolvedAt == nil)
        #expect(ended.raiseAt == .seconds(1_062 + week))
    }

    @Test func `the severity rises step by step until somebody knows of it`() throws {
        var rising = alert()
        #expect(rising.raiseAt == .seconds(1_060))
        for severity in [Severity.medium, .high] {
            rising.raise(at: .seconds(2_000))
            #expect(rising.severity == severity && rising.raiseAt == .seconds(2_060))
        }
        var known = rising
        _ = try known.take(.acknowledge, by: .v7(), at: .seconds(2_010))
        #expect(known.raiseAt == nil)
        rising.raise(at: .seconds(2_060))
        #expect(rising.severity == .critical && rising.raiseAt == nil && rising.version == 4)
        #expect(alert(severity: .critical).raiseAt == nil)
        #expect(alert(raiseAfter: nil).raiseAt == nil)
        var cleared = alert()
        #expect(cleared.clear(at: .seconds(1_010)) == .resolved)
        #expect(cleared.raiseAt == nil)
    }
}
