import HTTPKit
import Postgres
import Testing

@testable import ReadingsService

@Suite struct BucketIntervalTests {
    @Test func `an interval is a whole number with a unit`() {
        for text in ["1s", "15m", "6h", "1d", "2w", "1M", "10000s"] {
            #expect(BucketInterval(text)?.description == text)
        }
        for text in ["", "m", "0m", "-1m", "1.5h", "10001s", "1mo", "1y", "1 h", "h1", "99999999999999999999s", "١h"] {
            #expect(BucketInterval(text) == nil, "\(text)")
        }
    }

    @Test func `the shortest usual interval for a range takes account of parts at both ends`() {
        #expect(BucketInterval.shortest(cutting: .seconds(10), into: 12) == BucketInterval(1, .second))
        #expect(BucketInterval.shortest(cutting: .seconds(10), into: 11) == BucketInterval(5, .second))
        #expect(BucketInterval.shortest(cutting: .seconds(86_400 * 365), into: 10_000) == BucketInterval(1, .hour))
        #expect(BucketInterval.shortest(cutting: .seconds(86_400 * 365), into: 1) == nil)
    }

    @Test func `a zone has a name of the database, and no rule or abbreviation passes for one`() {
        for name in ["UTC", "Europe/Berlin", "America/North_Dakota/New_Salem", "America/Port-au-Prince", "Etc/GMT+5"] {
            #expect(TimeZoneName(name)?.description == name)
        }
        for name in ["", "CEST", "UTC+3", "Etc/GMT+13", "Etc/GMT5", "Europe/", "a/../b", "A/B3", "<+03>-3/x", "+02:00"]
        {
            #expect(TimeZoneName(name) == nil, "\(name)")
        }
    }
}
