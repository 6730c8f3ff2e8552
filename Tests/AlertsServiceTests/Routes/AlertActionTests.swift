import EventBus
import FoundationEssentials
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import AlertsService

@Suite struct AlertActionTests {
    private func path(_ id: String, _ action: String = "") -> String {
        "/api/v1/alerts/\(id)" + (action.isEmpty ? "" : "/\(action)")
    }

    @Test func `a dismissed alert does not come back until its condition is met anew`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = UUID.v7()
        let id = try await laboratory.raise(device)
        let member = try await laboratory.client(.member)
        let dismissed = try await member.put(path(id, "dismiss"), ["notes": "door open"])
        #expect(dismissed.status == 200)
        #expect(dismissed.json["status"].string == "dismissed")
        #expect(dismissed.json["dismissed_by"].string != nil)
        #expect(try await member.put(path(id, "dismiss"), [:]).json == dismissed.json)
        #expect(try await member.put(path(id, "resolve"), [:]).status == 409)
        #expect(try await member.put(path(id, "acknowledge"), [:]).status == 409)

        try await laboratory.send(device, [(2, 35), (3, 36)])
        try await laboratory.settle(device)
        #expect(try await laboratory.alerts(device).map { $0["status"].string } == ["dismissed"])
        #expect(try await member.get("/api/v1/alerts/active").json["items"] == [])
        let stats = try await member.get("/api/v1/alerts/stats").json
        #expect(stats["open"] == 0 && stats["by_status"]["dismissed"] == 1)

        try await laboratory.send(device, [(4, 20), (5, 37)])
        let next = try await laboratory.alert(device, status: "active")
        #expect(next["id"].string != id)
        #expect(try await laboratory.alerts(device).count == 2)
        // Now another one is open.
        #expect(try await member.put(path(id, "reopen"), [:]).status == 409)
    }

    @Test func `an ended alert is opened again and goes on`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let device = UUID.v7()
        let id = try await laboratory.raise(device)
        let member = try await laboratory.client(.member)
        for end in ["resolve", "dismiss"] {
            #expect(try await member.put(path(id, end), [:]).status == 200)
            let reopened = try await member.put(path(id, "reopen"), ["notes": "not over"])
            #expect(reopened.status == 200, "\(reopened)")
            #expect(reopened.json["status"] == "active")
            #expect(reopened.json["resolved_at"].isNull && reopened.json["dismissed_at"].isNull)
            #expect(try await member.put(path(id, "reopen"), [:]).json == reopened.json)
        }
        try await laboratory.send(device, [(2, 35)])
        #expect(try await laboratory.alert(device, status: "active", count: 2)["id"].string == id)
        try await laboratory.send(device, [(3, 20)])
        _ = try await laboratory.alert(device, status: "resolved")
        try await eventually { try await laboratory.events("alert.reopened").count == 2 }
        #expect(try await laboratory.events("alert.dismissed").count == 1)
    }

    @Test func `an alert is not opened again after a week, nor without its rule`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let member = try await laboratory.client(.member)
        let old = try await laboratory.raise(.v7())
        #expect(try await member.put(path(old, "resolve"), [:]).status == 200)
        _ = try await server.query(
            """
            UPDATE alerts.alerts SET resolved_at = now() - interval '8 days'
            WHERE organization_id = \(laboratory.organization)
            """)
        let late = try await member.put(path(old, "reopen"), [:])
        #expect(late.status == 409)
        #expect(late.json["detail"].string?.contains("7 days") == true)

        let device = UUID.v7()
        let id = try await laboratory.raise(device)
        let alert = try await laboratory.alert(device, status: "active")
        let rule = try #require(alert["rule_id"].string)
        #expect(try await laboratory.client(.admin).delete("/api/v1/alerts/rules/\(rule)").status == 204)
        let orphan = try await member.put(path(id, "reopen"), [:])
        #expect(orphan.status == 409)
        #expect(orphan.json["detail"].string?.contains("deleted") == true)
    }

    @Test func `an alert is given to a member, and taken off who leaves`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let user = try await laboratory.addMember("Ada")
        let id = try await laboratory.raise(.v7())
        let member = try await laboratory.client(.member)
        let given = try await member.put(
            path(id, "assign"), ["user_id": .string(user.text), "notes": "please look"])
        #expect(given.status == 200)
        #expect(given.json["assigned_to"].string == user.text)
        #expect(given.json["status"] == "active")
        #expect(try await member.put(path(id, "assign"), ["user_id": .string(user.text)]).json == given.json)
        let shown = try await member.get(path(id)).json
        #expect(shown["assigned_to_name"] == "Ada")
        #expect(shown["history"][1]["event"] == "assigned")
        #expect(shown["history"][1]["assigned_to_name"] == "Ada")
        #expect(shown["history"][1]["notes"] == "please look")

        try await laboratory.removeMember(user)
        let taken = try await eventually {
            let json = try await member.get(path(id)).json
            return json["assigned_to"].isNull ? json : JSONValue?.none
        }
        #expect(taken["history"][2]["event"] == "assigned")
        #expect(taken["history"][2]["user_id"].isNull && taken["history"][2]["assigned_to"].isNull)
        // The history keeps the name.
        #expect(taken["history"][1]["assigned_to_name"] == "Ada")
        try await eventually { try await laboratory.events("alert.assigned").count == 2 }
        #expect(try await member.put(path(id, "assign"), ["user_id": .string(user.text)]).status == 422)
    }

    @Test func `nobody but members of the organization can have an alert`() async throws {
        let server = try await AlertsServer.shared()
        let stranger = try await server.laboratory().addMember("Eve")
        let laboratory = server.laboratory()
        let id = try await laboratory.raise(.v7())
        let member = try await laboratory.client(.member)
        for user in [stranger, UUID.v7()] {
            let answer = try await member.put(path(id, "assign"), ["user_id": .string(user.text)])
            #expect(answer.status == 422)
            #expect(answer.json["errors"][0]["field"] == "user_id")
        }
        #expect(try await member.put(path(id, "assign"), [:]).status == 422)
        #expect(try await member.put(path(id, "assign"), ["user_id": "Ada"]).status == 422)
        #expect(try await member.put(path(id, "assign"), ["user_id": nil]).status == 200)
    }

    @Test func `a comment stands in the history once, with who wrote it`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let user = try await laboratory.addMember("Ada")
        let id = try await laboratory.raise(.v7())
        let token = try await TestIssuer.shared().token(for: user, in: laboratory.organization, as: .member)
        let ada = laboratory.server.anonymous.authorized(token)
        let headers: HTTPHeaders = ["idempotency-key": "once"]
        let comment = try await ada.post(path(id, "comments"), ["text": "the door was open"], headers: headers)
        #expect(comment.status == 201)
        #expect(comment.json["user_name"] == "Ada")
        #expect(comment.json["notes"] == "the door was open")
        let repeated = try await ada.post(path(id, "comments"), ["text": "the door was open"], headers: headers)
        #expect(repeated.json == comment.json)
        let history = try await ada.get(path(id)).json["history"].array ?? []
        #expect(history.map { $0["event"].string } == ["triggered", "commented"])
        #expect(history.last == comment.json)

        #expect(try await ada.put(path(id, "resolve"), [:]).status == 200)
        #expect(try await ada.post(path(id, "comments"), ["text": "repaired"]).status == 201)
        for text in ["", String(repeating: "a", count: 2_001)] {
            #expect(try await ada.post(path(id, "comments"), ["text": .string(text)]).status == 422)
        }
        #expect(try await ada.post(path(id, "comments"), [:]).status == 422)
    }

    @Test func `an action on a version that is not the newest is refused`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let id = try await laboratory.raise(.v7())
        let member = try await laboratory.client(.member)
        let tag = try #require(try await member.get(path(id)).header("etag"))
        for action in ["acknowledge", "dismiss", "reopen", "resolve"] {
            let stale = try await member.put(path(id, action), [:], headers: ["if-match": #""99""#])
            #expect(stale.status == 412, "\(action)")
        }
        #expect(try await member.put(path(id, "acknowledge"), [:], headers: ["if-match": tag]).status == 200)
        #expect(try await member.put(path(id, "resolve"), [:], headers: ["if-match": tag]).status == 412)
        let long = JSONValue.string(String(repeating: "a", count: 2_001))
        #expect(try await member.put(path(id, "resolve"), ["notes": long]).status == 422)
    }

    @Test func `the history has the newest two hundred entries`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let id = try await laboratory.raise(.v7())
        _ = try await server.query(
            """
            INSERT INTO alerts.alert_events (organization_id, alert_id, version, event_type, notes)
            SELECT \(laboratory.organization), \(UUID(uuidString: id)), n, 'commented', n::text
            FROM generate_series(2, 251) AS n
            """)
        let history = try await laboratory.client(.viewer).get(path(id)).json["history"].array ?? []
        #expect(history.map { $0["notes"].string } == (52...251).map { "\($0)" })
    }

    @Test func `what was done is in the event log`() async throws {
        let server = try await AlertsServer.shared()
        let laboratory = server.laboratory()
        let id = try await laboratory.raise(.v7())
        let member = try await laboratory.client(.member)
        _ = try await member.post(path(id, "comments"), ["text": "hm"])
        for action in ["dismiss", "reopen"] { _ = try await member.put(path(id, action), [:]) }
        let entity = try #require(UUID(uuidString: id))
        let rows = try await server.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(entity) ORDER BY id")
        #expect(
            try rows.map { try $0.decode(String.self, at: 0) } == [
                "alert.commented", "alert.dismissed", "alert.reopened",
            ])
    }
}
