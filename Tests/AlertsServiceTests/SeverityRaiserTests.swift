import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AlertsService

@Suite struct SeverityRaiserTests {
    /// Lets an alert's severity be overdue to rise.
    private func makeOverdue(_ id: String) async throws {
        _ = try await AlertsServer.shared().query(
            """
            UPDATE alerts.alerts SET raise_after_s = 3600, raise_at = now() - interval '1 second'
            WHERE id = \(UUID(uuidString: id))
            """)
    }

    @Test func `the severity of an alert that nobody acknowledges rises, a step each time`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let id = try await laboratory.raise(.v7(), ["severity": "medium"])
        let member = try await laboratory.client(.member)
        for severity in ["high", "critical"] {
            try await makeOverdue(id)
            let raised = try await eventually {
                let json = try await member.get("/api/v1/alerts/\(id)").json
                return json["severity"].string == severity ? json : JSONValue?.none
            }
            let entry = raised["history"].array?.last
            #expect(entry?["event"] == "severity_raised")
            #expect(entry?["severity"].string == severity)
            #expect(entry?["user_id"].isNull == true)
            // One step, and then the next an hour later, if there is any.
            #expect(raised["raise_at"].isNull == (severity == "critical"))
        }
        let events = try await eventually {
            let events = try await laboratory.events("alert.severity_raised")
            return events.count == 2 ? events : nil
        }
        #expect(try events.map { try $0.decode(JSONValue.self)["severity"].string } == ["high", "critical"])
        #expect(events.map(\.subjectVersion) == [2, 3])
    }

    @Test func `an alert that cannot be read is put off, and keeps no other from rising`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let unreadable = try await laboratory.raise(.v7(), ["severity": "low"])
        _ = try await server.query(
            "UPDATE alerts.alerts SET severity = 'cosmic' WHERE id = \(UUID(uuidString: unreadable))")
        let other = try await laboratory.raise(.v7(), ["severity": "low"])
        for id in [unreadable, other] { try await makeOverdue(id) }
        let member = try await laboratory.client(.member)
        try await eventually {
            try await member.get("/api/v1/alerts/\(other)").json["severity"].string == "medium"
        }
        try await eventually {
            try await !server.query(
                "SELECT FROM alerts.alerts WHERE id = \(UUID(uuidString: unreadable)) AND raise_at > now()"
            ).isEmpty
        }
    }

    @Test func `the severity of an alert that is known or over stays`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let member = try await laboratory.client(.member)
        var ids: [String] = []
        for action in ["acknowledge", "resolve", "dismiss"] {
            let id = try await laboratory.raise(.v7(), ["severity": "low"])
            #expect(try await member.put("/api/v1/alerts/\(id)/\(action)", [:]).json["raise_at"].isNull)
            try await makeOverdue(id)
            ids.append(id)
        }
        // Another one that is overdue later is seen to, so these have been looked at.
        let last = try await laboratory.raise(.v7(), ["severity": "low"])
        try await makeOverdue(last)
        try await eventually {
            try await member.get("/api/v1/alerts/\(last)").json["severity"].string == "medium"
        }
        for id in ids { #expect(try await member.get("/api/v1/alerts/\(id)").json["severity"].string == "low") }
    }
}
