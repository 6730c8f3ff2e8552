import Foundation
import Postgres
import TestKit
import Testing

/// What `lms doctor` says of what services know of each other's, and `lms events rebuild` does about it.
struct ProjectionTests {
    @Test(.timeLimit(.minutes(10)))
    func `a projection that has missed something is named, and made anew by what is told to be typed`() async throws {
        let installation = try await SystemInstallation.start()
        let owner = try await installation.owner()
        let device = try await owner.device()
        #expect(try await device.send([["sensor_type": "t", "value": 1]]).status == 201)
        let id = try #require(UUID(uuidString: device.id))
        try await eventually(within: .seconds(20)) {
            let rows = try await installation.query(
                """
                SELECT 1 FROM alerts.devices JOIN billing.devices USING (id) JOIN realtime.devices USING (id)
                JOIN readings.devices USING (id) WHERE id = \(id)
                """)
            return rows.count == 1
        }
        let healthy = try await doctor(installation)
        #expect(healthy.contains { $0.hasPrefix("ok       projections: ") }, "\(healthy)")

        for statement in [
            "DELETE FROM alerts.devices WHERE id = \(id)", "DELETE FROM readings.keys WHERE device_id = \(id)",
            "UPDATE realtime.devices SET name = 'x', version = 0 WHERE id = \(id)",
            """
            INSERT INTO billing.devices (id, organization_id, registered_at)
            SELECT gen_random_uuid(), organization_id, now() FROM billing.devices WHERE id = \(id)
            """,
        ] as [SQL] { _ = try await installation.query(statement) }
        let findings = try await doctor(installation).filter { $0.hasPrefix("problem  projections: ") }
        for (service, what) in [
            ("alerts", "1 missing"), ("readings", "1 missing"), ("realtime", "1 outdated"), ("billing", "1 left over"),
        ] {
            #expect(findings.contains { $0.contains("projections: \(service) ") && $0.contains(what) }, "\(findings)")
            #expect(try await installation.lms("events", "rebuild", service).isSuccess)
        }
        #expect(findings.count == 4)
        try await eventually(within: .seconds(60)) {
            try await doctor(installation).contains { $0.hasPrefix("ok       projections: ") }
        }
        #expect(try await device.send([["sensor_type": "t", "value": 2]]).status == 201)
        #expect(try await installation.lms("events", "rebuild", "auth").isSuccess == false)
    }

    /// The lines that the command prints, whatever else it finds.
    private func doctor(_ installation: SystemInstallation) async throws -> [String] {
        let log = installation.stack.folder.log("doctor-\(UUID().uuidString)")
        _ = try await installation.lms(["doctor"], log: log).waitForExit()
        return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
