import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

@Suite struct RemovalTests {
    @Test func `of a deleted organization nothing is left that was measured, told or counted`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let kept = try await server.device()
        for device in [device, kept] {
            let response = try await device.send(
                ["sensor_type": "temperature", "value": 21.5, "unit": "°C"],
                ["sensor_type": "door", "value": true])
            #expect(response.status == 201)
        }
        try await server.service.query(
            "INSERT INTO readings.limits (organization_id, plan, version) VALUES (\(device.organization), 'free', 1)")
        try await server.service.query(
            """
            INSERT INTO readings.retentions (organization_id, device_id, days)
            VALUES (\(device.organization), \(device.id), 7)
            """)
        try await eventually {
            try await server.service.database.rows(of: device.organization, in: "readings")["monthly_usage"] == 1
        }
        // More readings than go at once, over weeks.
        try await server.service.query(
            """
            SELECT readings.ensure_partitions(ARRAY(
                SELECT generate_series(extract(epoch FROM now())::bigint / 604800 - 3,
                    extract(epoch FROM now())::bigint / 604800)))
            """)
        try await server.service.query(
            """
            INSERT INTO readings.readings (series_id, time, value, quality, batch_id)
            SELECT id, now() - number * interval '4 minutes', number, 2, 0
            FROM readings.series, generate_series(1, \(OrganizationRemoval.batchSize * 2 + 1)) AS number
            WHERE device_id = \(device.id) AND sensor_type = 'temperature'
            """)
        let series = try await server.service.query("SELECT id FROM readings.series WHERE device_id = \(device.id)")
            .map { try $0.decode(Int64.self) }
        try await device.change(by: "SELECT 1")
        try await device.rollUp()
        #expect(try await device.rollups("readings.rollup_1h").count > 200)
        try await server.service.publish(
            try Event(
                source: .auth, type: "organization.deleted", subject: device.organization.text, subjectVersion: 2,
                organizationID: device.organization, data: ["organization_id": device.organization.text]))
        try await eventually(within: .seconds(20)) {
            try await server.service.database.rows(of: device.organization, in: "readings") == ["removals": 1]
        }
        let left = try await server.service.query("SELECT 1 FROM readings.readings WHERE series_id = ANY(\(series))")
        #expect(series.count == 2)
        #expect(left.isEmpty)
        let rollups = try await server.service.query(
            """
            SELECT 1 FROM readings.rollup_1h WHERE series_id = ANY(\(series))
            UNION ALL SELECT 1 FROM readings.rollup_1d WHERE series_id = ANY(\(series))
            UNION ALL SELECT 1 FROM readings.stale_hours WHERE series_id = ANY(\(series))
            """)
        #expect(rollups.isEmpty)
        #expect(try await kept.stored().count == 2)
    }
}
