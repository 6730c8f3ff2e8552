import Postgres
import ServiceKit
import Testing

@Suite struct DeliveryScheduleTests {
    private let created = Timestamp(microseconds: 1_000_000_000_000)

    @Test(arguments: [(1, 5.0), (2, 10), (3, 20), (10, 2560), (11, 3600), (40, 3600)])
    func theDelayDoublesUpToAnHour(_ attempts: Int, _ seconds: Double) {
        let next = DeliverySchedule.nextAttempt(after: attempts, createdAt: created, now: created, jitter: 1)
        #expect(next == created.adding(.seconds(seconds)))
        let earliest = DeliverySchedule.nextAttempt(after: attempts, createdAt: created, now: created, jitter: 0)
        #expect(earliest == created.adding(.seconds(seconds / 2)))
    }

    @Test func aDayAfterItsMakingItIsGivenUp() {
        let late = created.adding(.seconds(86_400 - 4))
        #expect(DeliverySchedule.nextAttempt(after: 30, createdAt: created, now: late, jitter: 0) == nil)
        let early = created.adding(.seconds(82_000))
        #expect(DeliverySchedule.nextAttempt(after: 30, createdAt: created, now: early, jitter: 1) != nil)
    }
}
