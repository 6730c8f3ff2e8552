import Foundation
import Postgres
import TestKit
import Testing

/// An organization with something of everything in it, and marks by which it would be recognized elsewhere.
struct Tenant {
    let owner: Owner
    /// The second member.
    let viewer: Owner
    let device: Device
    /// In every name that it gives.
    let mark: String
    /// The number that its devices measure.
    let value = Double.random(in: 1_000_000...9_000_000).rounded() + 0.25
    /// What it has, by what it is; secrets are not among them.
    private(set) var identifiers: [String: String] = [:]

    init(_ installation: SystemInstallation) async throws {
        mark = "mark-\(UUID().uuidString.lowercased())"
        owner = try await installation.owner(named: mark, of: mark)
        viewer = try await owner.admit(installation.owner(named: mark, of: mark), as: "viewer")
        // It stays online however long the calls take.
        device = try await owner.device(mark, readingEvery: 3600)
        identifiers["organization"] = owner.organization
        identifiers["device"] = device.id
        try await fillWithPeople()
        try await fillWithEntities()
        try await fillWithDeviceType()
        try await fillWithAlert()
    }

    private mutating func fillWithPeople() async throws {
        try await keep("user", owner.api.get("/api/v1/auth/me"))
        try await keep("member", viewer.api.get("/api/v1/auth/me"))
        try await keep("session", owner.api.get("/api/v1/auth/sessions"))
        try await keep("member's session", viewer.api.get("/api/v1/auth/sessions"))
        // Without a provider to sign in at, as if its user had come from one.
        let identity = UUID()
        _ = try await owner.installation.query(
            """
            INSERT INTO auth.identities (id, user_id, issuer, subject, email)
            VALUES (\(identity), \(UUID(uuidString: identifiers["user"] ?? "")), 'https://provider.example', \(mark),
                \("\(mark)@example.org"))
            """)
        identifiers["identity"] = identity.uuidString.lowercased()
        let path = "/api/v1/organizations/\(owner.organization)"
        try await keep(
            "invitation",
            owner.api.post("\(path)/invitations", ["email": .string("\(mark)@example.org"), "role": "member"]))
        try await keep("token", make("/api/v1/auth/tokens", ["scopes": ["devices:read"]]))
        try await keep(
            "grant",
            make(
                "\(path)/grants",
                [
                    "token_id": .string(identifiers["token"] ?? ""), "role": "viewer",
                    "resource": ["type": "device", "id": .string(device.id)],
                ]))
    }

    private mutating func fillWithEntities() async throws {
        try await keep("project", make("/api/v1/projects", ["project_lead_id": .string(identifiers["member"] ?? "")]))
        try await keep("entity", make("/api/v1/entities", ["entity_type": "room"]))
        try await keep("provisioning key", make("/api/v1/devices/provisioning-keys", [:]))
        let relationship: JSONValue = [
            "from_entity": .string(device.id), "to_entity": .string(identifiers["entity"] ?? ""),
            "relationship_type": "located_in", "properties": ["note": .string(mark)],
        ]
        try await keep("relationship", owner.api.post("/api/v1/relationships", relationship))
    }

    /// What devices of a type may be configured with, told and given to run.
    private mutating func fillWithDeviceType() async throws {
        let type = "type-\(UUID().uuidString.lowercased())"
        identifiers["device type"] = type
        let described = try await owner.api.put(
            "/api/v1/devices/config-descriptions/\(type)", ["description": ["title": .string(mark)]])
        #expect(described.status == 200, "\(described)")
        try await keep(
            "command template",
            make("/api/v1/commands/templates", ["command_type": "blink", "device_types": [.string(type)]]))
        try await keep(
            "firmware",
            owner.api.send(
                .POST, "/api/v1/firmware?device_type=\(type)&firmware_version=1.0.0&description=\(mark)",
                headers: ["content-type": "application/octet-stream"], body: Array(mark.utf8)))
    }

    private mutating func fillWithAlert() async throws {
        try await keep("channel", make("/api/v1/alerts/channels", ["type": "webhook", "url": "http://127.0.0.1:1/"]))
        let rule: JSONValue = [
            "kind": "threshold", "sensor_type": "t", "condition": "gt", "threshold_value": 0, "severity": "low",
            "scope": ["all": true], "channel_ids": [.string(identifiers["channel"] ?? "")],
        ]
        try await keep("rule", make("/api/v1/alerts/rules", rule))
        try await keep("command", make("\(device.path)/commands", ["command_type": "blink"]))
        let bulk: JSONValue = ["selector": ["all": true], "command_type": "blink"]
        try await keep("bulk command", make("/api/v1/commands/bulk", bulk))
        let path = "/api/v1/commands/bulk/\(identifiers["bulk command"] ?? "")"
        try await eventually(within: .seconds(20)) { try await owner.api.get(path).json["status"] == "queued" }
        let sent = try await device.send([["sensor_type": "t", "value": .number(value)]])
        #expect(sent.status == 201, "\(sent)")
        // Its readings make it online a moment later.
        try await eventually(within: .seconds(20)) {
            try await owner.api.get(device.path).json["status"] == "online"
        }
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
        let organization = "/api/v1/organizations/\(owner.organization)"
        let entity = "/api/v1/entities/\(identifiers["entity"] ?? "")"
        for path in [
            device.path, "\(device.path)/config", "\(device.path)/provision-status",
            "/api/v1/devices/provisioning-keys", "\(device.path)/readings/latest", "/api/v1/alerts/rules",
            "/api/v1/alerts/channels", "/api/v1/alerts", "/api/v1/commands", "/api/v1/commands/bulk",
            "/api/v1/commands/templates", "/api/v1/firmware", "/api/v1/devices/config-descriptions",
            "/api/v1/auth/sessions", "/api/v1/auth/tokens", "/api/v1/auth/identities", "/api/v1/auth/me", organization,
            "\(organization)/members",
            "\(organization)/invitations", "\(organization)/grants", "/api/v1/projects", entity,
            "\(entity)/events", "\(entity)/relationships",
        ] {
            let response = try await owner.api.get(path)
            #expect(response.status == 200, "\(path): \(response)")
            picture[path] = response.json
        }
        return picture
    }
}
