import EventBus
import Foundation
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import ReadingsService

struct IngestTests {
    /// A while ago, in whole seconds since 1970.
    private let start = Timestamp.now.microseconds / 1_000_000 - 86_400

    private func time(_ seconds: Int64) -> JSONValue {
        .string(Timestamp(microseconds: (start + seconds) * 1_000_000).rfc3339)
    }

    private func reading(_ sensor: String, _ value: JSONValue, _ fields: [String: JSONValue] = [:]) -> JSONValue {
        .object(["sensor_type": .string(sensor), "value": value].merging(fields) { $1 })
    }

    @Test func `readings are in the table when the request is answered`() async throws {
        let device = try await ReadingsServer.shared().device()
        let response = try await device.send(
            reading("temperature", 21.5, ["unit": "°C", "timestamp": time(0)]),
            reading("humidity", 40, ["unit": "%", "timestamp": time(1)]))
        #expect(response.status == 201)
        #expect(response.json == ["accepted": 2, "duplicates": 0, "rejected": []])
        let stored = try await device.stored()
        #expect(stored.map(\.sensor) == ["temperature", "humidity"])
        #expect(stored.map(\.value) == [21.5, 40])
    }

    @Test func `the same reading again is a duplicate and changes nothing`() async throws {
        let device = try await ReadingsServer.shared().device()
        let first = reading("t", 1, ["timestamp": time(0)])
        _ = try await device.send(first)
        let again = try await device.send(
            reading("t", 99, ["timestamp": time(0)]),
            reading("t", 2, ["timestamp": time(60)]))
        #expect(again.json == ["accepted": 1, "duplicates": 1, "rejected": []])
        let stored = try await device.stored()
        #expect(stored.map(\.value) == [1, 2])
    }

    @Test func `valid readings are stored beside rejected ones, which are named`() async throws {
        let device = try await ReadingsServer.shared().device()
        let response = try await device.send(
            reading("t", 1), reading("t", "warm"), reading("", 3), reading("t", 4, ["unit": "hPa"]))
        #expect(response.status == 201)
        #expect(response.json["accepted"] == 1)
        #expect(response.json["rejected"].array?.map { $0["index"].int } == [1, 2, 3])
        #expect(response.json["rejected"].array?.map { $0["field"].string } == ["value", "sensor_type", "unit"])
    }

    @Test func `when no reading is valid the answer is 422, names each field, and nothing is stored`() async throws {
        let device = try await ReadingsServer.shared().device()
        let response = try await device.send(reading("t", .null), reading("t", 1, ["timestamp": "soon"]))
        #expect(response.status == 422)
        #expect(response.header("content-type") == "application/problem+json")
        let fields = response.json["errors"].array?.map { $0["field"].string }
        #expect(fields == ["readings[0].value", "readings[1].timestamp"])
        let stored = try await device.stored()
        #expect(stored.isEmpty)
    }

    @Test func `a reading in another unit of the dimension is converted`() async throws {
        let device = try await ReadingsServer.shared().device()
        _ = try await device.send(reading("t", 20, ["unit": "°C", "timestamp": time(0)]))
        let response = try await device.send(reading("t", 212, ["unit": "°F", "timestamp": time(3600)]))
        #expect(response.status == 201)
        let stored = try await device.stored()
        #expect(stored.last?.value.map { abs($0 - 100) < 1e-9 } == true)
    }

    @Test(arguments: [
        ("not json", 400), ("{\"readings\": [", 400), ("[]", 422), ("{\"readings\": []}", 422), ("{}", 422),
        ("{\"readings\": \"x\"}", 422),
    ])
    func `a body that cannot be used is refused and nothing stored`(body: String, status: Int) async throws {
        let device = try await ReadingsServer.shared().device()
        let response = try await device.client.send(
            .POST, device.path, headers: ["content-type": "application/json"], body: Array(body.utf8))
        #expect(Int(response.status) == status)
        #expect(response.json["status"].int == status)
        let stored = try await device.stored()
        #expect(stored.isEmpty)
    }

    @Test func `an oversized body is 413 and another content type 415, and nothing is stored`() async throws {
        let device = try await ReadingsServer.shared().device()
        let valid = try JSONEncoder().encode(JSONValue.object(["readings": [reading("t", 1)]]))
        let large = Array(valid) + [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
        let tooLarge = try await device.client.send(
            .POST, device.path, headers: ["content-type": "application/json"], body: large)
        #expect(tooLarge.status == 413)
        let xml = try await device.client.send(
            .POST, device.path, headers: ["content-type": "application/xml"], body: Array(valid))
        #expect(xml.status == 415)
        #expect(try await device.stored().isEmpty)
    }

    @Test func `nobody, an expired and a revoked key are 401, and nothing is stored`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let anonymous = try await server.service.client.post(device.path, ["readings": [reading("t", 1)]])
        #expect(anonymous.status == 401)
        let expired = try await server.device(expiresAt: Timestamp.now.adding(.seconds(-1)))
        #expect(try await expired.send(reading("t", 1)).status == 401)
        let revoked = try await server.device()
        try await server.service.query("UPDATE readings.keys SET is_revoked = true WHERE device_id = \(revoked.id)")
        #expect(try await revoked.send(reading("t", 1)).status == 401)
        for device in [device, expired, revoked] { #expect(try await device.stored().isEmpty) }
    }

    @Test func `a device that is known by now is looked at just as closely`() async throws {
        let device = try await ReadingsServer.shared().device()
        let other = try await ReadingsServer.shared().device()
        let path = device.path
        func status(_ path: String, _ readings: JSONValue...) async throws -> Int {
            try await device.client.post(path, ["readings": .array(readings)]).status
        }
        let known = reading("t", 1, ["unit": "°C", "timestamp": time(0)])
        #expect(try await status(path, known) == 201)
        #expect(try await status(path, known) == 201)
        #expect(try await status(other.path, known) == 404)
        #expect(try await status("/api/v1/devices/\(device.id.text.uppercased())/readings?x=1", known) == 201)
        #expect(try await status(path, reading("t", 2, ["unit": "hPa"])) == 422)
        #expect(try await status(path, reading("new", 2, ["timestamp": time(0)])) == 201)
        #expect(try await status(path, reading("t", "warm")) == 422)
        #expect(try await status(path) == 422)
        #expect(try await device.client.get(path.replacing("/readings", with: "/nothing")).status == 404)
        let mixed = try await device.send(
            reading("t", 2, ["timestamp": time(1)]), reading("t", "warm"), known)
        #expect(mixed.json["accepted"] == 1 && mixed.json["duplicates"] == 1)
        #expect(mixed.json["rejected"].array?.count == 1)
        #expect(try await device.stored().map(\.value) == [2, 1, 2])
        #expect(try await other.stored().isEmpty)
    }

    @Test func `a key that expires while it is known is refused from then on`() async throws {
        let device = try await ReadingsServer.shared().device(expiresAt: Timestamp.now.adding(.seconds(2)))
        #expect(try await device.send(reading("t", 1)).status == 201)
        try await eventually { try await device.send(reading("t", 1)).status == 401 }
    }

    @Test func `a key that only the devices service may know is 503 while it is away`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let stranger = server.service.client.authorized("lms_dev_" + String(repeating: "A", count: 43))
        let response = try await stranger.post(device.path, ["readings": []])
        #expect(response.status == 503)
        #expect(response.header("retry-after") != nil)
    }

    @Test func `a device sends for itself alone, and what others send for it is not stored`() async throws {
        let server = try await ReadingsServer.shared()
        let (first, second) = (try await server.device(), try await server.device())
        let response = try await first.client.post(second.path, ["readings": [reading("t", 1)]])
        #expect(response.status == 404)
        let user = try await server.service.user(.owner, of: first.organization)
        #expect(try await user.post(first.path, ["readings": [reading("t", 1)]]).status == 403)
        for device in [first, second] { #expect(try await device.stored().isEmpty) }
    }

    @Test func `a request of many days is stored whole, in as many transactions as it takes`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let readings = (1...150).map { day in
            reading(
                "t", .number(Double(day)),
                ["timestamp": .string(Timestamp.now.adding(.seconds(-86400 * day)).rfc3339)])
        }
        let most = try await device.client.post(
            device.path, ["readings": .array(readings[..<149] + [readings[50]])])
        #expect(most.status == 201)
        #expect(most.json == ["accepted": 149, "duplicates": 1, "rejected": []])
        let all = try await device.client.post(device.path, ["readings": .array(readings)])
        #expect(all.status == 201)
        #expect(all.json == ["accepted": 1, "duplicates": 149, "rejected": []])
        let stored = try await device.stored()
        #expect(stored.count == 150)
        let days = try await server.service.query(
            """
            SELECT max(days) FROM (
                SELECT count(DISTINCT date_bin('1 day', r.time, 'epoch')) AS days FROM readings.readings AS r
                JOIN readings.series AS s ON s.id = r.series_id WHERE s.device_id = \(device.id) GROUP BY r.batch_id
            ) AS batch
            """)
        #expect(try days[0].decode(Int.self) <= 64)
    }

    @Test func `many requests at once are each counted exactly`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        // Every reading is sent by two requests: one of them stores it.
        let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
            for request in 0..<40 {
                group.addTask {
                    let readings = (0..<25).map { index in
                        self.reading(
                            "t", .number(Double(index)),
                            ["timestamp": self.time(Int64(request / 2 * 25 + index))])
                    }
                    let response = try await device.client.post(device.path, ["readings": .array(readings)])
                    let (accepted, duplicates) = (
                        response.json["accepted"].int ?? -1, response.json["duplicates"].int ?? -1
                    )
                    #expect(accepted + duplicates == 25)
                    return accepted
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(accepted == 500)
        #expect(try await device.stored().count == 500)
    }
}

struct PublishingTests {
    @Test func `a stored batch reaches the partition of its device, and billing once`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        _ = try await device.send(["sensor_type": "co2", "value": 421, "unit": "ppm"])
        let entry = try await eventually { try await published(of: device, server.service.redis).first }
        // Other tests' devices may have come into the same entry.
        let index = try #require(entry.devices.firstIndex(of: device.id))
        let row = try #require(entry.device.firstIndex(of: UInt32(index)))
        #expect(entry.organizations[index] == device.organization)
        #expect(entry.sensorTypes[Int(entry.sensorType[row])] == "co2")
        #expect(entry.value[row] == 421)
        #expect(entry.quality[row] == 2)
        let stored = try await server.service.query(
            """
            SELECT batch_id FROM readings.readings
            WHERE series_id IN (SELECT id FROM readings.series WHERE device_id = \(device.id))
            """)
        let number = try stored[0].decode(Int64.self)
        let usage = try await server.usage(ofBatch: number)
        #expect(usage.event.traceparent != nil)
        #expect(usage.readings[device.organization.text] == 1)
    }

    @Test func `a batch that was not published is published from the table, with what was stored of it`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        _ = try await device.send(["sensor_type": "t", "value": 7, "timestamp": .string(Timestamp.now.rfc3339)])
        // As a crash between commit and publishing would have left it.
        let batch = Int64.random(in: 1 << 40..<1 << 41)
        try await server.service.query(
            """
            WITH left_over AS (
                UPDATE readings.readings SET batch_id = \(batch)
                WHERE series_id IN (SELECT id FROM readings.series WHERE device_id = \(device.id))
                RETURNING series_id, time)
            INSERT INTO readings.batches (
                id, row_count, min_time, max_time, committed_at, series_ids, first_times, last_times)
            SELECT \(batch), 1, min(time), max(time), now() - interval '1 minute', array_agg(series_id),
                array_agg(time), array_agg(time)
            FROM left_over
            """)
        _ = try await server.usage(ofBatch: batch)
        try await eventually {
            try await server.service.query("SELECT 1 FROM readings.batches WHERE id = \(batch)").isEmpty
        }
    }

    @Test(.enabled("TimescaleDB makes its chunks by itself") { try await !TestServers.shared().hasTimescaleDB() })
    func `the partitions of this week and the next are made before rows need them`() async throws {
        let server = try await ReadingsServer.shared()
        try await eventually {
            try await server.service.query(
                """
                SELECT 1 FROM pg_inherits WHERE inhparent = 'readings.readings'::regclass
                AND pg_get_expr((SELECT relpartbound FROM pg_class WHERE oid = inhrelid), inhrelid)
                    LIKE '%' || to_char(to_timestamp((extract(epoch FROM now())::int8 / 604800 + 1) * 604800)
                        AT TIME ZONE 'UTC', 'YYYY-MM-DD') || '%TO%'
                """
            ).count == 1
        }
    }

    @Test func `live frames are appended while somebody watches, and not otherwise`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let redis = server.service.redis
        _ = try await device.send(["sensor_type": "unwatched", "value": 1])
        try await eventually { try await !published(of: device, redis).isEmpty }
        try await redis.set(StreamName.watch(device.organization), to: "1")
        _ = try await device.send(
            ["sensor_type": "t", "value": 2, "unit": "°C"], ["sensor_type": "on", "value": true])
        let entries = try await eventually {
            let entries = try await redis.xrange(StreamName.live(device.organization), count: 10)
            return entries.isEmpty ? nil : entries
        }
        #expect(entries.count == 1)
        let frames = LiveStream.decode(entries[0]["frames"] ?? [])
        #expect(frames.map(\.sensorType) == ["t", "on"])
        let first = try JSONDecoder().decode(JSONValue.self, from: Data(frames[0].json))
        #expect(first["value"] == 2 && first["device_id"].string == device.id.text && first["quality"] == "good")
    }

    /// The entries of the device's partition that have readings of it.
    private func published(of device: TestDevice, _ redis: RedisClient) async throws -> [TelemetryEntry] {
        let stream = StreamName.telemetry(StreamName.telemetryPartition(of: device.id))
        return try await redis.xrange(stream, count: 10_000).map { try $0.telemetry }.filter {
            $0.devices.contains(device.id)
        }
    }

    @Test func `devices and keys follow the events, in whatever order they come`() async throws {
        let server = try await ReadingsServer.shared()
        let (device, organization) = (UUID.v7(), UUID.v7())
        func event(_ type: String, _ version: Int) throws -> Event {
            try Event(
                source: .devices, type: type, subject: device.text, subjectVersion: version,
                organizationID: organization,
                data: ["id": JSONValue.string(device.text), "organization_id": .string(organization.text)])
        }
        try await server.service.publish(event("device.deleted", 3))
        try await server.service.publish(event("device.updated", 2))
        try await server.service.publish(event("device.registered", 1))
        let other = UUID.v7()
        try await server.service.publish(
            Event(
                source: .devices, type: "device.registered", subject: other.text, subjectVersion: 1,
                organizationID: organization,
                data: ["id": JSONValue.string(other.text), "organization_id": .string(organization.text)]))
        let user = try await server.service.user(.viewer, of: organization)
        try await eventually { try await user.get("/api/v1/devices/\(other.text)/readings").status == 200 }
        #expect(try await user.get("/api/v1/devices/\(device.text)/readings").status == 404)
    }
}
