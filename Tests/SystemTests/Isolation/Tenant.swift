import Foundation
import TestKit
import Testing

/// An organization with something of everything in it, and marks by which it would be recognized elsewhere.
struct Tenant {
    let owner: Owner
    let device: Device
    /// In every name that it gives.
    let mark = "mark-\(UUID().uuidString.lowercased())"
    /// The number that its devices measure.
    let value = Double.random(in: 1_000_000...9_000_000).rounded() + 0.25
    /// What it has, by what it is; secrets are not among them.
    private(set) var identifiers: [String: String] = [:]

    init(_ installation: SystemInstallation) async throws {
        owner = try await installation.owner()
        device = try await owner.device(mark)
        identifiers["organization"] = owner.organization
        identifiers["device"] = device.id
        try await keep("user", owner.api.get("/api/v1/auth/me"))
        try await keep("session", owner.api.get("/api/v1/auth/sessions"))
        try await keep("token", make("/api/v1/auth/tokens", ["scopes": ["devices:read"]]))
        try await keep(
            "grant",
            make(
                "/api/v1/organizations/\(owner.organization)/grants",
                [
                    "token_id": .string(identifiers["token"] ?? ""), "role": "viewer",
                    "resource": ["type": "device", "id": .string(device.id)],
                ]))
        try await fillWithAlert()
    }

    private mutating func fillWithAlert() async throws {
        try await keep("channel", make("/api/v1/alerts/channels", ["type": "webhook", "url": "http://127.0.0.1:1/"]))
        let rule: JSONValue = [
            "kind": "threshold", "sensor_type": "t", "condition": "gt", "threshold_value": 0, "severity": "low",
            "scope": ["all": true], "channel_ids": [.string(identifiers["channel"] ?? "")],
        ]
        try await keep("rule", make("/api/v1/alerts/rules", rule))
        try await keep("command", make("\(device.path)/commands", ["command_type": "blink"]))
        let sent = try await device.send([["sensor_type": "t", "value": .number(value)]])
        #expect(sent.status == 201, "\(sent)")
        let alert = try await eventually(within: .seconds(20)) {
            try await owner.api.get("/api/v1/alerts").json["items"].array?.first?["id"].string
        }
        identifiers["alert"] = alert
    }

    private func make(_ path: String, _ fields: JSONValue) async throws -> TestHTTPResponse {
        let body = (fields.object ?? [:]).merging(["name": .string(mark)]) { own, _ in own }
        return try await owner.api.post(path, .object(body))
    }

    private mutating func keep(_ kind: String, _ response: TestHTTPResponse) throws {
        let id = response.json["id"].string ?? response.json["items"][0]["id"].string
        let found: String = try #require(id, "\(kind): \(response)")
        identifiers[kind] = found
    }

    /// Whether the text of an answer tells anything of it, but for identifiers that were in the request.
    func isRecognizable(in text: String, asked request: String) -> Bool {
        if text.contains(mark) || text.contains(String(value)) { return true }
        return identifiers.values.contains { text.contains($0) && !request.contains($0) }
    }

    /// What it sees of itself, to be compared later.
    func picture() async throws -> [String: JSONValue] {
        var picture: [String: JSONValue] = [:]
        for path in [
            device.path, "\(device.path)/config", "\(device.path)/readings/latest", "/api/v1/alerts/rules",
            "/api/v1/alerts/channels", "/api/v1/alerts", "/api/v1/commands", "/api/v1/auth/sessions",
            "/api/v1/auth/tokens", "/api/v1/organizations/\(owner.organization)/grants", "/api/v1/auth/me",
        ] {
            let response = try await owner.api.get(path)
            #expect(response.status == 200, "\(path): \(response)")
            picture[path] = response.json
        }
        return picture
    }
}
