import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct DownsamplingTests {
    private let start = Timestamp("2026-03-01T00:00:00Z")!
    private let end = Timestamp("2026-03-02T00:00:00Z")!

    private var day: String { "from=\(start)&to=\(end)" }

    @Test(arguments: ["asc", "desc"])
    func `a chart has the readings that were chosen, as they are stored`(order: String) async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.storeRandom("t", count: 900, from: start, to: end.adding(.seconds(3600)), seed: 3)
        let answer = try await device.client.get("\(device.path)?\(day)&points=40&order=\(order)&sensor_type=t")
        #expect(answer.status == 200 && answer.json["next_cursor"].isNull)
        let points = try await device.stored().filter { $0.time < end }.map {
            LargestTriangle.Point(time: $0.time, value: try #require($0.value))
        }
        let chosen = LargestTriangle.choose(40, of: points)
        let items = answer.json["items"].array ?? []
        #expect(items.count == 40)
        let expected = order == "asc" ? chosen : chosen.reversed()
        #expect(items.map { $0["timestamp"].string } == expected.map(\.time.rfc3339))
        #expect(items.map { $0["value"].double } == expected.map(\.value))
        #expect(items[0]["quality"].string != nil)
        // An organization's list takes it as well.
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let same = try await user.get("/api/v1/readings?\(day)&points=40&order=\(order)")
        #expect(same.json["items"] == answer.json["items"])
    }

    @Test func `an empty range, and a sensor that there is not, have an empty chart`() async throws {
        let device = try await ReadingsServer.shared().device()
        try await device.store("t", [(start, 1)])
        for query in ["from=\(end)&to=\(end)&sensor_type=t", "\(day)&sensor_type=u"] {
            let answer = try await device.client.get("\(device.path)?\(query)&points=10")
            #expect(answer.status == 200 && answer.json["items"] == [])
        }
    }

    @Test(arguments: [
        ("points", "points=2&sensor_type=a"), ("points", "points=5001&sensor_type=a"), ("points", "points=10"),
        ("points", "points=10&sensor_type=label"), ("limit", "points=10&sensor_type=a&limit=5"),
        ("cursor", "points=10&sensor_type=a&cursor=x"),
    ])
    func `what no chart can be made of is 422 and named`(field: String, query: String) async throws {
        let device = try await ReadingsServer.shared().device()
        let stored = try await device.send(
            ["sensor_type": "a", "value": 1], ["sensor_type": "b", "value": 1],
            ["sensor_type": "label", "value": "A"])
        #expect(stored.status == 201)
        let answer = try await device.client.get("\(device.path)?\(query)")
        #expect(answer.status == 422, "\(answer)")
        #expect(answer.json["errors"][0]["field"].string == field)
    }

    @Test func `of buckets those are chosen that the function named first needs, for each series`() async throws {
        let device = try await ReadingsServer.shared().device()
        for (seed, sensor) in ["a", "b"].enumerated() {
            try await device.storeRandom(sensor, count: 900, from: start, to: end, seed: UInt64(seed))
        }
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let query = "/api/v1/readings/aggregation?\(day)&interval=5m&aggregation=max,avg&fill=null"
        let all = try await user.get(query).json["series"].array ?? []
        let chosen = try await user.get("\(query)&points=25").json["series"].array ?? []
        #expect(all.count == 2 && chosen.count == 2)
        for (whole, part) in zip(all, chosen) {
            let points = (whole["points"].array ?? []).compactMap { point -> LargestTriangle.Point? in
                guard let time = point["time"].string.flatMap({ Timestamp($0) }), let value = point["max"].double else {
                    return nil
                }
                return LargestTriangle.Point(time: time, value: value)
            }
            let expected = Set(LargestTriangle.choose(25, of: points).map(\.time.rfc3339))
            let kept = (whole["points"].array ?? []).filter { expected.contains($0["time"].string ?? "") }
            #expect(part["points"].array == kept && kept.count == 25)
        }
    }

    @Test(arguments: ["2", "5001", "many"])
    func `a chart of buckets has from 3 to 5000 points`(points: String) async throws {
        let device = try await ReadingsServer.shared().device()
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get("/api/v1/readings/aggregation?\(day)&interval=1h&points=\(points)")
        #expect(answer.status == 422 && answer.json["errors"][0]["field"] == "points", "\(answer)")
    }
}
