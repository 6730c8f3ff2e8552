import Foundation
import TestKit

extension Laboratory {
    /// Makes a channel that is a webhook.
    func makeChannel(_ url: String, secret: String? = nil) async throws -> String {
        var body: [String: JSONValue] = ["type": "webhook", "url": .string(url)]
        body["secret"] = secret.map(JSONValue.string)
        return try await makeChannel(body)
    }

    /// Makes a channel and answers its id.
    func makeChannel(_ body: [String: JSONValue]) async throws -> String {
        let body = ["name": "Hook"].merging(body) { $1 } as [String: JSONValue]
        let answer = try await client(.admin).post("/api/v1/alerts/channels", .object(body))
        guard let id = answer.json["id"].string else { throw UnexpectedAnswer(response: answer) }
        return id
    }

    /// Makes a rule that tells the channel of temperatures above 30.
    func makeRule(telling channel: String, severity: String = "high") async throws -> String {
        try await makeRule(["channel_ids": [.string(channel)], "severity": .string(severity)])
    }

    /// The notifications, newest first.
    func notifications(_ filter: String = "") async throws -> [JSONValue] {
        try await client(.viewer).get("/api/v1/alerts/notifications?limit=1000\(filter)").json["items"].array ?? []
    }

    /// What the log says of a notification's attempts.
    func log(of notification: JSONValue) async throws -> [JSONValue] {
        let id = notification["id"].string ?? ""
        return try await client(.viewer).get("/api/v1/alerts/notifications/\(id)").json["log"].array ?? []
    }

    /// Waits for a notification in that state.
    func notification(status: String) async throws -> JSONValue {
        try await eventually(within: .seconds(15)) { try await notifications().first { $0["status"].string == status } }
    }
}
