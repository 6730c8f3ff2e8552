import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

struct QueryTests {
    /// A while ago, in whole seconds.
    private let start = Timestamp(microseconds: (Timestamp.now.microseconds / 1_000_000 - 7 * 86_400) * 1_000_000)

    private func minute(_ number: Int) -> String {
        start.adding(.seconds(60 * number)).rfc3339
    }

    /// A device with `count` readings a minute apart from `start` on.
    private func filledDevice(_ count: Int, of organization: UUID = UUID.v7()) async throws -> TestDevice {
        let device = try await ReadingsServer.shared().device(of: organization)
        let readings = (0..<count).map { index -> JSONValue in
            ["sensor_type": "t", "value": .number(Double(index)), "timestamp": .string(minute(index))]
        }
        _ = try await device.client.post(device.path, ["readings": .array(readings)])
        return device
    }

    private var day: String { "from=\(minute(0))&to=\(minute(24 * 60))" }

    @Test func `pages go through a range without gap or repetition, in both orders`() async throws {
        let device = try await filledDevice(23)
        let user = try await ReadingsServer.shared().service.user(.viewer, of: device.organization)
        for order in ["asc", "desc"] {
            var values: [Double] = []
            var cursor: String?
            repeat {
                let page = try await user.get(
                    "\(device.path)?\(day)&limit=5&order=\(order)" + (cursor.map { "&cursor=\($0)" } ?? ""))
                #expect(page.status == 200)
                values += page.json["items"].array?.compactMap { $0["value"].double } ?? []
                cursor = page.json["next_cursor"].string
            } while cursor != nil
            let ascending = (0..<23).map(Double.init)
            #expect(values == (order == "asc" ? ascending : ascending.reversed()))
        }
    }

    @Test(arguments: ["asc", "desc"])
    func `pages over several devices go on where one ended, also among readings of the same time`(
        order: String
    ) async throws {
        let organization = UUID.v7()
        // One has far more than the others, and all have them at the same times.
        let counts = [3, 11, 3]
        for count in counts { _ = try await filledDevice(count, of: organization) }
        let user = try await ReadingsServer.shared().service.user(.viewer, of: organization)
        var (times, seen) = ([String](), Set<String>())
        var cursor: String?
        repeat {
            let page = try await user.get(
                "/api/v1/readings?\(day)&limit=4&order=\(order)" + (cursor.map { "&cursor=\($0)" } ?? ""))
            for item in page.json["items"].array ?? [] {
                let (device, time) = (try #require(item["device_id"].string), try #require(item["timestamp"].string))
                times.append(time)
                #expect(seen.insert(device + time).inserted)
            }
            cursor = page.json["next_cursor"].string
        } while cursor != nil
        #expect(seen.count == counts.reduce(0, +))
        #expect(times == (order == "asc" ? times.sorted() : times.sorted().reversed()))
    }

    @Test func `a range includes its start and not its end`() async throws {
        let device = try await filledDevice(5)
        let page = try await device.client.get(
            "\(device.path)?from=\(minute(1))&to=\(minute(3))&order=asc")
        #expect(page.json["items"].array?.map { $0["value"].int } == [1, 2])
        #expect(page.json["items"][0]["timestamp"].string == minute(1))
    }

    @Test func `the latest reading of each sensor is answered, booleans and text as such`() async throws {
        let device = try await filledDevice(3)
        _ = try await device.send(
            ["sensor_type": "open", "value": false, "metadata": ["by": "x"], "battery_level": 12],
            ["sensor_type": "label", "value": "A-7"])
        let latest = try await device.client.get("\(device.path)/latest")
        let items = latest.json["items"].array ?? []
        #expect(items.map { $0["sensor_type"].string } == ["label", "open", "t"])
        #expect(items.map { $0["value"] } == ["A-7", false, 2])
        #expect(items.count == 3 && items[1]["metadata"] == ["by": "x"] && items[1]["battery_level"] == 12)
    }

    @Test(arguments: [1, 2, 3, 4, 9])
    func `the latest readings are those of sensors that have any, however old`(limit: Int) async throws {
        let device = try await filledDevice(0)
        let old = Timestamp.now.adding(days: -40).rfc3339
        for sensor in ["a", "d"] { _ = try await device.send(["sensor_type": .string(sensor), "value": 1]) }
        for sensor in ["a", "b", "c", "e", "f"] {
            _ = try await device.send(["sensor_type": .string(sensor), "value": 0, "timestamp": .string(old)])
        }
        let admin = try await ReadingsServer.shared().service.user(.admin, of: device.organization)
        for sensor in ["c", "e"] {
            let path = "/api/v1/readings?device_id=\(device.id.text)&sensor_type=\(sensor)"
            #expect(try await admin.delete(path).json["deleted"] == 1)
        }
        for (order, expected) in [("asc", ["a", "b", "d", "f"]), ("desc", ["f", "d", "b", "a"])] {
            var path = "/api/v1/readings/latest?limit=\(limit)&order=\(order)"
            var items: [JSONValue] = []
            for number in 1... {
                let page = try await admin.get(path).json
                items += page["items"].array ?? []
                #expect(items.count == min(number * limit, 4))
                guard let cursor = page["next_cursor"].string, number < 9 else { break }
                path = "/api/v1/readings/latest?limit=\(limit)&cursor=\(cursor)"
            }
            #expect(items.compactMap { $0["sensor_type"].string } == expected)
            #expect(items.allSatisfy { $0["value"] == (["a", "d"].contains($0["sensor_type"].string) ? 1 : 0) })
        }
    }

    @Test func `one organization never sees another's readings`() async throws {
        let service = try await ReadingsServer.shared().service
        let (mine, foreign) = (try await filledDevice(2), try await filledDevice(2))
        let user = try await service.user(.owner, of: mine.organization)
        #expect(try await user.get(foreign.path).status == 404)
        #expect(try await user.get("\(foreign.path)/latest").status == 404)
        let all = try await user.get("/api/v1/readings?\(day)")
        #expect(Set(all.json["items"].array?.map { $0["device_id"].string } ?? []) == [mine.id.text])
        let asked = try await user.get("/api/v1/readings/latest?device_id=\(foreign.id.text)")
        #expect(asked.json["items"] == [])
        #expect(try await mine.client.get(foreign.path).status == 404)
        for path in ["\(foreign.path)/stats", "\(foreign.path)?points=10"] {
            #expect(try await user.get(path).status == 404)
            #expect(try await mine.client.get(path).status == 404)
        }
        for path in ["stats", "quality", "trends", "aggregation?interval=1d&\(day)"] {
            let separator = path.contains("?") ? "&" : "?"
            let own = try await user.get("/api/v1/readings/\(path)").json
            let series = try #require(own["items"].array ?? own["series"].array)
            #expect(series.map { $0["device_id"].string } == [mine.id.text], "\(path)")
            let asked = try await user.get("/api/v1/readings/\(path)\(separator)device_id=\(foreign.id.text)").json
            #expect((asked["items"].array ?? asked["series"].array) == [], "\(path)")
        }
    }

    @Test(arguments: [
        "limit=0", "limit=1001", "from=yesterday", "order=up", "cursor=x",
        "from=2026-11-04T00:00:00Z&to=2026-11-03T00:00:00Z",
    ])
    func `a parameter that cannot be used is 422 and named`(query: String) async throws {
        let device = try await ReadingsServer.shared().device()
        let response = try await device.client.get("\(device.path)?\(query)")
        #expect(response.status == 422)
        #expect(response.json["errors"][0]["field"].string == String(query.prefix { $0 != "=" }))
    }

    @Test(arguments: [("/latest?unit=K", 422), ("/latest", 200), ("", 200)])
    func `who waits for what is read back holds up nobody else`(query: String, status: Int) async throws {
        let database = try await ReadingsServer.makeDatabase()
        let server = try await ReadingsServer.start(on: database)
        let (slow, other) = (try await server.device(), try await server.device())
        // A unit that is not asked for: whether it is, the server finds out before it asks the policy.
        _ = try await slow.send(["sensor_type": "p", "value": 1013, "unit": "hPa"])
        _ = try await other.send(["sensor_type": "t", "value": 1, "unit": "°C"])
        try await withClient(database.administrator) { administrator in
            // Who looks at the one's series waits for the lock.
            try await administrator.run(
                statement: """
                    CREATE FUNCTION readings.wait() RETURNS boolean LANGUAGE plpgsql AS $$
                    BEGIN
                        PERFORM pg_advisory_xact_lock_shared(7);
                        RETURN true;
                    END $$
                    """)
            try await administrator.run(
                statement: """
                    CREATE POLICY waiting ON readings.series AS RESTRICTIVE
                    USING (organization_id <> '\(slow.organization.text)' OR readings.wait())
                    """)
            let waiting: SQL = """
                SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                WHERE d.datname = current_database() AND locktype = 'advisory' AND objid = 7 AND NOT granted
                """
            // The client has one connection, which keeps the lock.
            _ = try await administrator.query("SELECT pg_advisory_lock(7)")
            // The organization has half of the connections for it; what is more than that waits, and may be refused.
            async let answers = statuses(of: slow.path + query, slow, count: 8)
            try await eventually { try await administrator.query(waiting)[0].decode(Int.self) >= 4 }
            #expect(try await other.client.get(other.path).status == 200)
            #expect(try await other.send(["sensor_type": "t", "value": 2, "unit": "°C"]).status == 201)
            #expect(try await administrator.query(waiting)[0].decode(Int.self) >= 4)
            _ = try await administrator.query("SELECT pg_advisory_unlock(7)")
            #expect(try await answers.count { $0 == status } >= 4)
        }
    }

    /// Of as many requests at once.
    private func statuses(of path: String, _ device: TestDevice, count: Int) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<count {
                group.addTask { try await device.client.get(path).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
