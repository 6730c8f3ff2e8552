import Postgres
import Testing

@testable import AlertsService

@Suite struct MailPreferencesTests {
    private let night = RuleSchedule("UTC", Set(RuleSchedule.Weekday.allCases), "22:00", "06:00")

    @Test func `by default everything is mailed at once`() {
        for severity in Severity.allCases {
            #expect(MailPreferences().decision(on: severity, at: .seconds(0)) == .send)
        }
    }

    @Test func `what is not wanted is skipped`() {
        let none = MailPreferences(isEnabled: false)
        #expect(none.decision(on: .critical, at: .seconds(0)) == .skip(reason: "the member wants no mail"))
        let some = MailPreferences(minimumSeverity: .high)
        #expect(some.decision(on: .medium, at: .seconds(0)) == .skip(reason: "the member wants mail from high on"))
        #expect(some.decision(on: .high, at: .seconds(0)) == .send)
        #expect(some.decision(on: nil, at: .seconds(0)) == .send)
    }

    @Test func `in quiet hours letters wait for their end, but for what is critical`() {
        var preferences = MailPreferences(quietHours: night)
        let (evening, morning) = (Timestamp.seconds(23 * 3_600), Timestamp.seconds(30 * 3_600))
        #expect(preferences.decision(on: .high, at: evening) == .hold(until: morning))
        #expect(preferences.decision(on: nil, at: evening) == .hold(until: morning))
        #expect(preferences.decision(on: .critical, at: evening) == .send)
        #expect(preferences.decision(on: .high, at: morning) == .send)
        preferences.exceptCritical = false
        #expect(preferences.decision(on: .critical, at: evening) == .hold(until: morning))
    }

    @Test func `who has no address gets nothing`() {
        let mailbox = MemberMailbox(address: nil, preferences: MailPreferences())
        guard case .skip = mailbox.decision(on: .critical, at: .seconds(0)) else {
            Issue.record("it is sent")
            return
        }
    }

    @Test func `an hour's letters are counted, and the next hour begins anew`() {
        var allowance = MailAllowance(hour: .seconds(0), count: 0)
        #expect(allowance.take(3, of: 5, at: .seconds(10)) == 3)
        #expect(allowance.take(3, of: 5, at: .seconds(20)) == 2)
        #expect(allowance.take(1, of: 5, at: .seconds(3_599)) == 0)
        #expect(MailAllowance.next(after: .seconds(3_599)) == .seconds(3_600))
        #expect(allowance.take(1, of: 5, at: .seconds(3_600)) == 1)
        // Of another instance whose clock is behind.
        #expect(allowance.take(9, of: 5, at: .seconds(3_599)) == 4)
        // The operator has lowered it.
        #expect(allowance.take(1, of: 2, at: .seconds(3_700)) == 0)
    }
}
