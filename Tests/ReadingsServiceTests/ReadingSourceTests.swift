import HTTPKit
import Postgres
import Testing

@testable import ReadingsService

struct ReadingSourceTests {
    private static func time(_ text: String) -> Timestamp { Timestamp(text)! }

    @Test(arguments: [
        (["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"], ReadingSource.days),
        (["2026-02-28T23:00:00Z", "2026-03-01T00:00:00Z"], .hours), (["2026-03-01T18:30:00Z"], .minutes),
        (["2026-03-01T00:00:00Z", "2026-03-01T00:00:30Z"], .rows), (["1969-12-31T00:00:00Z"], .days),
        (["1969-12-31T23:59:59.999999Z"], .rows),
    ])
    func `a source serves where all buckets begin with one of its own`(starts: [String], source: ReadingSource) {
        #expect(ReadingSource.coarsest(within: starts.map(Self.time)) == source)
    }

    /// The stretches of a range, each as its source and its end.
    private func stretches(
        _ start: String, _ end: String, upTo coarsest: ReadingSource, rolledUpUntil until: String
    ) -> [String] {
        let range = TimeRange(start: Self.time(start), end: Self.time(end))
        let stretches = range.stretches(upTo: coarsest, rolledUpUntil: Self.time(until))
        #expect(stretches.first?.range.start == range.start && stretches.last?.range.end == range.end)
        for (one, next) in zip(stretches, stretches.dropFirst()) { #expect(one.range.end == next.range.start) }
        return stretches.map { "\($0.source) to \($0.range.end.rfc3339.prefix(16))" }
    }

    @Test func `a range is of days, with hours and readings at its edges`() {
        let found = stretches(
            "2026-03-01T10:20:30Z", "2026-03-04T17:41:11Z", upTo: .days, rolledUpUntil: "2026-04-01T00:00:00Z")
        #expect(
            found == [
                "rows to 2026-03-01T11:00", "hours to 2026-03-02T00:00", "days to 2026-03-04T00:00",
                "hours to 2026-03-04T17:00", "rows to 2026-03-04T17:41",
            ])
    }

    @Test func `what is not rolled up yet is of readings`() {
        #expect(
            stretches(
                "2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z", upTo: .days, rolledUpUntil: "2026-03-02T05:00:00Z")
                == ["days to 2026-03-02T00:00", "hours to 2026-03-02T05:00", "rows to 2026-03-04T00:00"])
        for source in ReadingSource.allCases {
            #expect(
                stretches(
                    "2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z", upTo: source, rolledUpUntil: "1970-01-01T00:00:00Z")
                    == ["rows to 2026-03-04T00:00"])
        }
    }

    @Test func `a range that has no whole bucket is of finer ones, and an empty one of readings`() {
        let until = "2026-04-01T00:00:00Z"
        #expect(
            stretches("2026-03-01T10:00:00Z", "2026-03-02T09:00:00Z", upTo: .days, rolledUpUntil: until)
                == ["hours to 2026-03-02T00:00", "hours to 2026-03-02T09:00"])
        #expect(
            stretches("2026-03-01T10:00:30Z", "2026-03-01T10:59:30Z", upTo: .minutes, rolledUpUntil: until)
                == ["rows to 2026-03-01T10:01", "minutes to 2026-03-01T10:59", "rows to 2026-03-01T10:59"])
        #expect(
            stretches("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", upTo: .days, rolledUpUntil: until)
                == ["rows to 2026-03-01T10:00"])
    }
}
