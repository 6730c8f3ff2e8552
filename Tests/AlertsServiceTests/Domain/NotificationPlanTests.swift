import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct NotificationPlanTests {
    private let channels = [UUID.v7(), UUID.v7(), UUID.v7()]

    @Test func `without repetition and steps there is nothing to tell later`() {
        #expect(NotificationPlan(channelIDs: channels).entries(from: .seconds(0)) == [])
    }

    @Test func `the first are told again, and others when their time has come`() {
        let plan = NotificationPlan(
            channelIDs: [channels[0]], repeatAfter: .seconds(300),
            steps: [
                .init(after: .seconds(600), channelIDs: [channels[1]]),
                .init(after: .seconds(1_200), channelIDs: [channels[2]]),
            ])
        #expect(
            plan.entries(from: .seconds(1_000)) == [
                .init(step: 0, channelIDs: [channels[0]], dueAt: .seconds(1_300)),
                .init(step: 1, channelIDs: [channels[1]], dueAt: .seconds(1_600)),
                .init(step: 2, channelIDs: [channels[2]], dueAt: .seconds(2_200)),
            ])
    }

    @Test func `who would tell nobody is left out`() {
        let plan = NotificationPlan(
            channelIDs: [], repeatAfter: .seconds(300), steps: [.init(after: .seconds(1), channelIDs: [])])
        #expect(plan.entries(from: .seconds(0)) == [])
    }
}
