import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import ReadingsService

struct FlushPlanTests {
    private func rows(series: Int64, times: [Int64], listed: Int? = nil) -> DeviceRows {
        var rows = DeviceRows(organizationID: UUID.v7(), deviceID: UUID.v7())
        rows.sensors = [.init(series: Series(id: series, unit: .none, kind: .number), name: "t")]
        for time in times {
            rows.sensor.append(0)
            rows.times.append(time)
            rows.values.append(Double(time))
            rows.qualities.append(2)
        }
        rows.listed = listed ?? times.count
        return rows
    }

    @Test func `rows are in the order of their key, whatever the requests' order`() {
        let plan = FlushPlan([rows(series: 2, times: [5, 1]), rows(series: 1, times: [9, 3])])
        #expect(plan.seriesIDs == [1, 1, 2, 2])
        #expect(plan.times.map(\.microseconds) == [3, 9, 1, 5])
        #expect(plan.values == [3, 9, 1, 5])
    }

    @Test func `the first of equal keys is stored, the others are duplicates`() {
        let plan = FlushPlan([rows(series: 1, times: [7, 7, 8]), rows(series: 1, times: [8, 9])])
        #expect(plan.count == 3)
        #expect(
            plan.outcomes(inserted: nil) == [
                IngestOutcome(accepted: 2, duplicates: 1), IngestOutcome(accepted: 1, duplicates: 1),
            ])
    }

    @Test func `rows that were in the table are duplicates and are not published`() {
        let plan = FlushPlan([rows(series: 1, times: [1, 2, 3])])
        #expect(plan.outcomes(inserted: [true, false, true]) == [IngestOutcome(accepted: 2, duplicates: 1)])
        #expect(plan.stored(batchID: 4, inserted: [true, false, true]).readings.map(\.time.microseconds) == [1, 3])
    }

    @Test func `vitals are stored and published but not counted`() {
        let plan = FlushPlan([rows(series: 1, times: [1, 2], listed: 1)])
        #expect(plan.outcomes(inserted: nil) == [IngestOutcome(accepted: 1, duplicates: 0)])
        #expect(plan.stored(batchID: 1, inserted: nil).readings.count == 2)
    }

    @Test func `usage is what was stored of each organization, vitals too`() {
        let (first, second) = (rows(series: 1, times: [1, 2, 2], listed: 1), rows(series: 2, times: [1, 2]))
        let plan = FlushPlan([first, second, rows(series: 1, times: [1])])
        #expect(plan.counts(inserted: nil) == [first.organizationID: 2, second.organizationID: 2])
        #expect(plan.counts(inserted: [false, true, false, false]) == [first.organizationID: 1])
    }
}
