import EventBus
import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What an organization's plan allows it to send.
@Suite struct QuotaTests {
    /// A while ago, in seconds since 1970.
    private let start = Double(Timestamp.now.microseconds / 1_000_000 - 86_400)

    /// Readings of one sensor, a second each.
    private func readings(_ seconds: Range<Int>) -> JSONValue {
        .array(
            seconds.map {
                ["sensor_type": "t", "value": .number(Double($0)), "timestamp": .number(start + Double($0))]
            })
    }

    private func send(_ seconds: Range<Int>, by device: TestDevice) async throws -> TestHTTPResponse {
        try await device.client.post(device.path, ["readings": readings(seconds)])
    }

    private func importRows(
        _ seconds: Range<Int>, of device: TestDevice, by user: TestHTTPClient
    ) async throws -> TestHTTPResponse {
        let rows = seconds.map { "\(device.id.text),t,\($0),\(Int(start) + $0)\n" }
        return try await user.send(
            .POST, "/api/v1/readings/import", headers: ["content-type": "text/csv"],
            body: Array(("device_id,sensor_type,value,timestamp\n" + rows.joined()).utf8))
    }

    /// Sends by every route.
    private func sendAnyhow(_ seconds: Range<Int>, by device: TestDevice) async throws -> [TestHTTPResponse] {
        let service = device.server.service
        let member = try await service.user(.member, of: device.organization)
        return [
            try await send(seconds, by: device),
            try await device.client.send(
                .POST, device.path, headers: ["content-type": "text/csv"], body: Array("sensor_type,value\nt,1".utf8)),
            try await service.client.post("/api/v1/\(device.key)/telemetry", ["t": 1]),
            try await member.post(
                "/api/v1/readings",
                ["devices": [["device_id": .string(device.id.text), "readings": readings(seconds)]]]),
            try await importRows(seconds, of: device, by: member),
        ]
    }

    /// Publishes limits as billing does, and waits until they are known.
    private func tell(
        _ server: ReadingsServer, _ organization: UUID, perMonth: Int? = nil, perMinute: Int? = nil, version: Int = 1
    ) async throws {
        try await server.service.publish(
            try .limits(of: organization, perMonth: perMonth, perMinute: perMinute, version: version))
        try await eventually { try await server.limitsVersion(of: organization) == version }
    }

    /// How many readings of this month the table has.
    private func stored(_ server: ReadingsServer, _ organization: UUID) async throws -> Int {
        try await server.service.query(
            """
            SELECT readings FROM readings.monthly_usage
            WHERE organization_id = \(organization) AND month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
            """
        ).first?.decode(Int.self, at: 0) ?? 0
    }

    @Test func `when the month is used up every route is 402 and names the limit, for that organization alone`()
        async throws
    {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        try await tell(server, device.organization, perMonth: 5)
        for second in 0..<3 { #expect(try await send(second..<second + 1, by: device).status == 201) }
        // The one that goes over is taken whole.
        #expect(try await send(3..<7, by: device).json["accepted"] == 4)
        for refused in try await sendAnyhow(8..<9, by: device) {
            #expect(refused.status == 402)
            #expect(refused.json["type"] == "urn:lms:problem:limit:readings_per_month")
            #expect(refused.json["detail"].string?.contains("free") == true)
        }
        #expect(try await device.stored().count == 7)
        #expect(try await send(0..<1, by: server.device()).status == 201)
    }

    @Test func `an import stops where the month is used up, and what it stored stays`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let member = try await server.service.user(.member, of: device.organization)
        let group = ReadingLimits.readingsPerRequest
        let file = 0..<2 * group + 1
        try await tell(server, device.organization, perMonth: group)
        let refused = try await importRows(file, of: device, by: member)
        #expect(refused.status == 402)
        #expect(refused.json["type"] == "urn:lms:problem:limit:readings_per_month")
        #expect(refused.json["detail"].string?.contains("1000 readings of the file are stored") == true)
        #expect(refused.json["detail"].string?.contains("from line 1002 on") == true)
        #expect(try await device.stored().count == group)
        try await tell(server, device.organization, version: 2)
        try await eventually {
            let answer = try await importRows(file, of: device, by: member)
            return answer.status == 200 && answer.json["duplicates"].int == group
        }
        #expect(try await device.stored().count == file.count)
    }

    @Test func `an import waits until readings may come again`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let member = try await server.service.user(.member, of: device.organization)
        try await tell(server, device.organization, perMinute: 600)
        #expect(try await send(0..<610, by: device).status == 201)
        #expect(try await send(610..<611, by: device).status == 429)
        let answer = try await importRows(610..<615, of: device, by: member)
        #expect(answer.status == 200 && answer.json["accepted"] == 5)
    }

    @Test func `an import that would have to wait for too long says how far it came`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let member = try await server.service.user(.member, of: device.organization)
        let group = ReadingLimits.readingsPerRequest
        try await tell(server, device.organization, perMinute: 60)
        let refused = try await importRows(0..<group + 1, of: device, by: member)
        #expect(refused.status == 429 && refused.header("retry-after") != nil)
        #expect(refused.json["type"] == "urn:lms:problem:limit:readings_per_minute")
        #expect(refused.json["detail"].string?.contains("1000 readings of the file are stored") == true)
        #expect(refused.json["detail"].string?.contains("from line 1002 on") == true)
        #expect(try await device.stored().count == group)
    }

    @Test func `a higher limit holds within moments`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        try await tell(server, device.organization, perMonth: 1, version: 2)
        #expect(try await send(0..<1, by: device).status == 201)
        #expect(try await send(1..<2, by: device).status == 402)
        try await tell(server, device.organization, perMonth: 10, version: 3)
        try await eventually { try await send(1..<2, by: device).status == 201 }
    }

    @Test func `a new month begins anew`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        try await tell(server, device.organization, perMonth: 3)
        #expect(try await send(0..<3, by: device).status == 201)
        #expect(try await send(3..<4, by: device).status == 402)
        try await eventually { try await stored(server, device.organization) == 3 }
        try await server.service.query(
            """
            UPDATE readings.monthly_usage SET month = month - interval '1 month'
            WHERE organization_id = \(device.organization)
            """)
        try await eventually { try await send(3..<4, by: device).status == 201 }
        try await eventually { try await stored(server, device.organization) == 1 }
    }

    @Test func `duplicates do not count`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        try await tell(server, device.organization, perMonth: 3)
        for _ in 0..<4 { #expect(try await send(0..<2, by: device).status == 201) }
        #expect(try await send(2..<3, by: device).status == 201)
        #expect(try await send(3..<4, by: device).status == 402)
        try await eventually { try await stored(server, device.organization) == 3 }
    }

    @Test func `too many a minute are 429 on every route, with the limit and when to come back`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        try await tell(server, device.organization, perMinute: 2)
        #expect(try await send(0..<1, by: device).status == 201)
        #expect(try await send(1..<4, by: device).status == 201)
        for refused in try await sendAnyhow(4..<5, by: device) {
            #expect(refused.status == 429)
            #expect(refused.json["type"] == "urn:lms:problem:limit:readings_per_minute")
            // Two are owed, and one is wanted: three come back in 90 s.
            let seconds = try #require(refused.header("retry-after").flatMap(Int.init))
            #expect((1...90).contains(seconds))
        }
        try await tell(server, device.organization, version: 2)
        try await eventually { try await send(4..<5, by: device).status == 201 }
    }

    @Test func `instances share what they count, and one that starts has it from the first request`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let first = try await ReadingsServer.start(on: database)
        let second = try await ReadingsServer.start(on: database)
        let (ofMonth, ofMinute) = (try await first.device(), try await first.device())
        try await tell(first, ofMonth.organization, perMonth: 6)
        try await tell(first, ofMinute.organization, perMinute: 6)
        for (device, status) in [(ofMonth, 402), (ofMinute, 429)] {
            // Each of them knows the organization by now.
            #expect(try await send(0..<1, by: device).status == 201)
            #expect(try await send(1..<2, by: device.on(second)).status == 201)
            #expect(try await send(2..<10, by: device).status == 201)
            #expect(try await send(0..<1, by: device).status == status)
            try await eventually { try await send(0..<1, by: device.on(second)).status == status }
            try await eventually { try await stored(first, device.organization) == 10 }
        }
        let restarted = try await ReadingsServer.start(on: database)
        #expect(try await send(0..<1, by: ofMonth.on(restarted)).status == 402)
    }

    @Test func `limits that an older version was told without the rate and the retention are completed`() async throws {
        let database = try await ReadingsServer.makeDatabase()
        let billing = try await TestOwner.start()
        let first = try await ReadingsServer.start(on: database, billing: billing)
        // From here on its stream is read, and nothing is told anew by itself.
        try await tell(first, UUID.v7(), perMonth: 1)
        let (old, newer) = (UUID.v7(), UUID.v7())
        for (organization, version) in [(old, 1), (newer, 2)] {
            try await first.service.query(
                """
                INSERT INTO readings.limits (organization_id, plan, readings_per_month, version)
                VALUES (\(organization), 'free', 5, \(version))
                """)
        }
        billing.set(
            "limits",
            try [newer, old].map {
                try .limits(of: $0, perMonth: 5, perMinute: 7, retentionDays: 90, version: 1)
            })
        _ = try await ReadingsServer.start(on: database, billing: billing)
        func limits(of organization: UUID) async throws -> [Int?] {
            let rows = try await first.service.query(
                "SELECT readings_per_minute, retention_days FROM readings.limits WHERE organization_id = \(organization)"
            )
            let (perMinute, days) = try rows[0].decode(Int?.self, Int?.self)
            return [perMinute, days]
        }
        try await eventually { try await limits(of: old) == [7, 90] }
        // What is older than what is known changes nothing.
        #expect(try await limits(of: newer) == [nil, nil])
    }

    @Test func `when events are lost, limits become those that billing has`() async throws {
        let billing = try await TestOwner.start()
        let (kept, gone, missed) = (UUID.v7(), UUID.v7(), UUID.v7())
        billing.set("limits", try [kept, gone].map { try .limits(of: $0, perMonth: 1, version: 1) })
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase(), billing: billing)
        for organization in [kept, gone] {
            try await eventually { try await server.limitsVersion(of: organization) == 1 }
        }
        // From here on its stream is read.
        try await tell(server, UUID.v7(), perMonth: 1)
        billing.set("limits", try [kept, missed].map { try .limits(of: $0, perMonth: 2, version: 2) })
        try await server.service.redis.del(StreamName.events(.billing))
        for organization in [kept, missed] {
            try await eventually { try await server.limitsVersion(of: organization) == 2 }
        }
        try await eventually { try await server.limitsVersion(of: gone) == nil }
    }
}

extension Event {
    /// Billing's `limits.changed`; nil is unlimited.
    fileprivate static func limits(
        of organization: UUID, perMonth: Int? = nil, perMinute: Int? = nil, retentionDays: Int? = nil, version: Int
    ) throws -> Event {
        func limit(_ value: Int?) -> JSONValue { value.map { .number(Double($0)) } ?? .null }
        return try Event(
            source: .billing, type: "limits.changed", subject: organization.text, subjectVersion: version,
            organizationID: organization,
            data: [
                "organization_id": .string(organization.text), "plan": "free",
                "limits": [
                    "devices": 7, "readings_per_month": limit(perMonth), "readings_per_minute": limit(perMinute),
                    "retention_days": limit(retentionDays),
                ],
            ] as JSONValue)
    }
}

extension ReadingsServer {
    /// Which of an organization's limits are known; nil for none.
    fileprivate func limitsVersion(of organization: UUID) async throws -> Int? {
        try await service.query("SELECT version FROM readings.limits WHERE organization_id = \(organization)")
            .first?.decode(Int.self, at: 0)
    }
}

extension TestDevice {
    /// The same device as another instance has it.
    fileprivate func on(_ server: ReadingsServer) -> TestDevice {
        TestDevice(
            id: id, organization: organization, key: key, keyHash: keyHash, server: server,
            client: server.service.client.authorized(key))
    }
}
