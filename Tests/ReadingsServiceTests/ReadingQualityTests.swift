import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct ReadingQualityTests {
    private let path = "/api/v1/readings/quality"
    private let start = Timestamp("2026-03-02T00:00:00Z")!
    private let end = Timestamp("2026-03-03T00:00:00Z")!

    /// The only series of a device's organization.
    private func quality(_ device: TestDevice, _ query: String = "") async throws -> JSONValue {
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("\(path)?from=\(start)&to=\(end)\(query)")
        #expect(answer.status == 200 && answer.json["resolution"] == "rows", "\(answer)")
        return answer.json["items"][0]
    }

    @Test func `gaps are told by the interval that was expected, or by the usual one`() async throws {
        let device = try await ReadingsServer.shared().device()
        // A reading a minute, a little late now and then; two are missing after the third and one after the fifth.
        let seconds = [0, 60, 125, 300, 361, 480, 540]
        try await device.store("t", seconds.map { (start.adding(.seconds($0)), 1) })
        let item = try await quality(device)
        #expect(item["count"] == 7 && item["expected_interval_s"] == 63)
        #expect(item["gaps"] == ["count": 2, "missing": 3, "longest_s": 175])
        #expect(item["completeness"] == 0.7)
        #expect(item["quality"] == ["excellent": 1, "good": 2, "fair": 2, "poor": 1, "bad": 1])
        let faster = try await quality(device, "&expected_interval=30s")
        #expect(faster["expected_interval_s"] == 30)
        #expect(faster["gaps"]["count"] == 6)
        let slower = try await quality(device, "&expected_interval=1h")
        #expect(slower["gaps"] == ["count": 0, "missing": 0, "longest_s": nil] && slower["completeness"] == 1)
    }

    @Test func `random readings have the counts and gaps that the database finds`() async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.storeRandom("t", count: 600, from: start, to: end.adding(.seconds(3600)), seed: 5)
        let item = try await quality(device, "&expected_interval=2m")
        let counts = try await device.numbers(
            """
            count(*), count(*) FILTER (WHERE r.quality = 1), count(*) FILTER (WHERE r.quality = 2),
            count(*) FILTER (WHERE r.quality = 3), count(*) FILTER (WHERE r.quality = 4),
            count(*) FILTER (WHERE r.quality = 5)
            """, of: "t", from: start, to: end)
        let names = ["excellent", "good", "fair", "poor", "bad"]
        #expect([item["count"].double] + names.map { item["quality"][$0].double } == counts)
        let times = try await device.stored().map(\.time).filter { $0 < end }
        let gaps = zip(times, times.dropFirst()).map { Int($1.since($0).components.seconds) }.filter { $0 > 180 }
        let missing = gaps.reduce(0.0) { $0 + (Double($1) / 120).rounded(.toNearestOrEven) - 1 }
        #expect(item["gaps"]["count"].int == gaps.count)
        #expect(item["gaps"]["longest_s"].int == gaps.max())
        #expect(item["gaps"]["missing"].double == missing)
    }

    @Test func `nothing is said of what there is too little of`() async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.store("t", [(end, 1)])
        let empty = try await quality(device)
        #expect(empty["count"] == 0 && empty["completeness"].isNull && empty["expected_interval_s"].isNull)
        #expect(empty["gaps"] == ["count": 0, "missing": 0, "longest_s": nil])
    }

    @Test(arguments: [
        "expected_interval=0s", "expected_interval=1d", "expected_interval=x", "limit=0",
        "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z",
    ])
    func `a parameter that cannot be used is 422 and named`(query: String) async throws {
        let device = try await ReadingsServer.shared().device()
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("\(path)?\(query)")
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"].string == String(query.prefix { $0 != "=" }))
    }
}
