import Foundation
import Postgres
import TestKit
import Testing

/// Where webhooks tell of alerts.
struct WebhookReceiver: Sendable {
    /// That an alert has begun, or ended.
    struct Step: Sendable, Hashable {
        let alert: String
        /// Such as `alert.triggered`.
        let type: String
    }

    private let server: TestHTTPServer

    var url: String { server.url }

    static func start() async throws -> WebhookReceiver {
        let server = try await TestHTTPServer.start { _ in
            // So that a kill often comes between a message and its answer.
            try? await Task.sleep(for: .milliseconds(300))
            return (200, "{}")
        }
        return WebhookReceiver(server: server)
    }

    /// What has been told, with the ids of the messages that have told it. A message that came more than once is checked to
    /// be the same each time.
    func told() throws -> [Step: Set<String>] {
        var bodies: [String: String] = [:]
        var told: [Step: Set<String>] = [:]
        for request in server.requests {
            let id = try #require(request.header("LMS-Delivery-ID"))
            if let body = bodies[id] {
                #expect(request.text == body, "\(id) is another message when it is repeated")
                continue
            }
            bodies[id] = request.text
            let body = try JSONDecoder().decode(JSONValue.self, from: Data(request.body))
            let steps = body["type"] == "alerts.digest" ? try #require(body["data"]["items"].array) : [body]
            for step in steps {
                let alert = try #require(step["data"]["id"].string)
                told[Step(alert: alert, type: try #require(step["type"].string)), default: []].insert(id)
            }
        }
        return told
    }
}

extension SystemInstallation {
    /// Waits until nothing is left to be told, and checks that the beginning and the end of every alert were, each under one
    /// id however often, and nothing else.
    func check(_ receiver: WebhookReceiver) async throws {
        // What nobody has claimed goes out first. Then only the claims are left of who was killed, which last two minutes.
        try await waitUntilNone("status = 'pending' AND delivery_id IS NULL")
        _ = try await query(
            "UPDATE alerts.notifications SET due_at = now() WHERE status = 'pending' AND due_at IS NOT NULL")
        try await waitUntilNone("status <> 'sent'")
        let rows = try await query("SELECT id::text FROM alerts.alerts")
        let alerts = try rows.map { try $0.decode(String.self) }
        let expected = alerts.flatMap { alert in
            ["alert.triggered", "alert.resolved"].map { WebhookReceiver.Step(alert: alert, type: $0) }
        }
        let told = try receiver.told()
        #expect(Set(told.keys) == Set(expected))
        for (step, ids) in told { #expect(ids.count == 1, "\(step) was told under \(ids)") }
    }

    private func waitUntilNone(_ condition: SQL) async throws {
        try await eventually(within: .seconds(90), every: .milliseconds(200)) {
            try await query("SELECT 1 FROM alerts.notifications WHERE \(condition) LIMIT 1").isEmpty
        }
    }
}
