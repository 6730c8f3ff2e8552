import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AlertsService

@Suite struct AlertRouteTests {
    @Test func `a member acknowledges and resolves, and the history tells`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let id = try await laboratory.raise(.v7())
        let member = try await laboratory.client(.member)
        let acknowledged = try await member.put("/api/v1/alerts/\(id)/acknowledge", ["notes": "on my way"])
        #expect(acknowledged.status == 200)
        #expect(acknowledged.json["status"].string == "acknowledged")
        #expect(acknowledged.json["acknowledged_by"].string != nil)
        #expect(try await member.put("/api/v1/alerts/\(id)/acknowledge", [:]).json == acknowledged.json)

        let resolved = try await member.send(.PUT, "/api/v1/alerts/\(id)/resolve")
        #expect(resolved.status == 200)
        #expect(resolved.json["status"].string == "resolved")
        #expect(resolved.json["resolved_by"] == acknowledged.json["acknowledged_by"])
        #expect(try await member.put("/api/v1/alerts/\(id)/acknowledge", [:]).status == 409)

        let history = try await member.get("/api/v1/alerts/\(id)").json["history"].array ?? []
        #expect(history.map { $0["event"].string } == ["triggered", "acknowledged", "resolved"])
        #expect(history.map { $0["notes"].string } == [nil, "on my way", nil])
    }

    @Test func `lists are filtered by severity, status, device and rule`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let (first, second) = (UUID.v7(), UUID.v7())
        _ = try await laboratory.makeRule(["severity": "low", "scope": ["device_ids": [.string(first.text)]]])
        let rule = try await laboratory.makeRule(["severity": "critical"])
        for device in [first, second] { try await laboratory.send(device, [(1, 31)]) }
        for device in [first, second] { try await laboratory.settle(device) }
        let member = try await laboratory.client(.member)
        func count(_ query: String) async throws -> Int? {
            try await member.get("/api/v1/alerts?\(query)").json["items"].array?.count
        }
        #expect(try await count("") == 3)
        #expect(try await count("severity=low") == 1)
        #expect(try await count("severity=low,critical&status=active") == 3)
        #expect(try await count("rule_id=\(rule)") == 2)
        #expect(try await count("device_id=\(second.text)") == 1)
        #expect(try await member.get("/api/v1/alerts?severity=severe").status == 422)
        #expect(try await member.get("/api/v1/alerts?status=dormant").status == 422)

        let alert = try await laboratory.alert(second, status: "active")
        let id = try #require(alert["id"].string)
        #expect(try await member.put("/api/v1/alerts/\(id)/resolve", ["notes": "done"]).status == 200)
        #expect(try await member.get("/api/v1/alerts/active").json["items"].array?.count == 2)
        let stats = try await member.get("/api/v1/alerts/stats").json
        #expect(stats["total"].int == 3)
        #expect(stats["open"].int == 2)
        #expect(stats["by_severity"] == ["low": 1, "medium": 0, "high": 0, "critical": 2])
        #expect(stats["by_status"] == ["active": 2, "acknowledged": 0, "resolved": 1, "dismissed": 0])
    }

    @Test func `lists are filtered by assignee and by when alerts began`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let user = try await laboratory.addMember("Ada")
        let devices = [UUID.v7(), .v7()]
        var ids: [String] = []
        for device in devices { ids.append(try await laboratory.raise(device)) }
        let member = try await laboratory.client(.member)
        let assigned = try await member.put("/api/v1/alerts/\(ids[1])/assign", ["user_id": .string(user.text)])
        #expect(assigned.status == 200, "\(assigned)")
        func found(_ query: String) async throws -> [String] {
            let items = try await member.get("/api/v1/alerts?order=asc&\(query)").json["items"].array ?? []
            return items.compactMap { $0["id"].string }
        }
        #expect(try await found("assigned_to=\(user.text)") == [ids[1]])
        #expect(try await found("assigned_to=\(UUID.v7().text)") == [])
        let began = try #require(assigned.json["triggered_at"].string)
        #expect(try await found("from=\(began)") == [ids[1]])
        #expect(try await found("to=\(began)") == [ids[0]])
        #expect(try await member.get("/api/v1/alerts?from=\(began)&to=2020-01-01T00:00:00Z").status == 422)
        #expect(try await member.get("/api/v1/alerts?from=yesterday").status == 422)
    }

    @Test func `another organization's alert is not there`() async throws {
        let server = try await AlertsServer.shared()
        let id = try await server.laboratory().raise(.v7())
        let stranger = try await server.laboratory().client(.owner)
        #expect(try await stranger.get("/api/v1/alerts/\(id)").status == 404)
        for action in ["acknowledge", "resolve", "dismiss", "reopen"] {
            #expect(try await stranger.put("/api/v1/alerts/\(id)/\(action)", [:]).status == 404)
        }
        #expect(try await stranger.put("/api/v1/alerts/\(id)/assign", ["user_id": nil]).status == 404)
        #expect(try await stranger.post("/api/v1/alerts/\(id)/comments", ["text": "hello"]).status == 404)
        #expect(try await stranger.get("/api/v1/alerts").json["items"] == [])
    }
}
