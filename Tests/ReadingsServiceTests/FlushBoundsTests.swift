import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import ReadingsService

struct FlushBoundsTests {
    private static let day: Int64 = 86_400_000_000

    @Test(
        arguments: [
            // What requests bring one after the other, by rows and days, and how many of them fit.
            ([(10, 0..<1), (10, 0..<1)], 2),
            ([(19_999, 0..<1), (1, 0..<1), (1, 0..<1)], 2),
            ([(30_000, 0..<1), (1, 0..<1)], 1),
            ([(16, 0..<16), (1, 15..<16)], 2),
            ([(16, 0..<16), (1, 16..<17)], 1),
            ([(10, 0..<10), (10, 6..<16), (1, 16..<17)], 2),
        ] as [([(Int, Range<Int64>)], Int)])
    func `a flush takes requests up to its rows and its days`(requests: [(Int, Range<Int64>)], fit: Int) {
        var bounds = FlushBounds()
        #expect(requests.prefix { bounds.take(rows: $0.0, days: Array($0.1)) }.count == fit)
    }

    private func rows(_ days: [Int64], listed: Int) -> DeviceRows {
        var rows = DeviceRows(organizationID: UUID.v7(), deviceID: UUID.v7())
        rows.sensors = [.init(series: Series(id: 1, unit: .none, kind: .number), name: "t")]
        for (index, day) in days.enumerated() {
            rows.sensor.append(0)
            rows.times.append(day * Self.day + 7)
            rows.values.append(Double(index))
            rows.qualities.append(2)
        }
        rows.listed = listed
        return rows
    }

    @Test func `rows of few days stay together`() {
        let parts = [rows([5, 4, 5], listed: 3), rows([4], listed: 1)].parts(ofDays: 2)
        #expect(parts.map { $0.map(\.values) } == [[[0, 1, 2], [0]]])
    }

    @Test func `rows of many days come in parts, in order, with what belongs to each`() {
        var rows = rows([9, 1, 5, 1, 2, 9], listed: 4)
        rows.texts = [0: "nine", 4: "two"]
        rows.attributes = [2: JSONB(bytes: Array("{}".utf8))]
        let parts = [rows].parts(ofDays: 2).flatMap { $0 }
        #expect(parts.map(\.values) == [[1, 3, 4], [0, 2, 5]])
        #expect(parts.map { [$0].days } == [[1, 2], [5, 9]])
        #expect(parts.map(\.listed) == [2, 2])
        #expect(parts.map(\.texts) == [[2: "two"], [0: "nine"]])
        #expect(parts[0].attributes.isEmpty && parts[1].attributes.keys.sorted() == [1])
        #expect(parts.allSatisfy { $0.organizationID == rows.organizationID && $0.deviceID == rows.deviceID })
    }

    @Test func `the days of several devices come into the same parts`() {
        let (first, second) = (rows([1, 9], listed: 2), rows([9, 5, 2], listed: 3))
        let parts = [first, second].parts(ofDays: 2)
        #expect(parts.map { $0.days } == [[1, 2], [5, 9]])
        #expect(parts.map { $0.map(\.deviceID) } == Array(repeating: [first.deviceID, second.deviceID], count: 2))
        #expect(parts.map { $0.map(\.values) } == [[[0], [2]], [[1], [0, 1]]])
    }
}
