import Postgres
import TestKit
import Testing

/// The main job, end to end: through the gateway, with every process running.
struct FlowTests {
    @Test func `a reading goes from the device to the table, the screen, an alert, a webhook and the bill`()
        async throws
    {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner().signedInAgain()
        let device = try await owner.device()
        let receiver = try await TestHTTPServer.start { _ in (200, "{}") }
        let channel = try await owner.api.post(
            "/api/v1/alerts/channels",
            ["name": "ops", "type": "webhook", "url": .string(receiver.url + "/hook"), "secret": "0123456789abcdef"])
        #expect(channel.status == 201, "\(channel)")
        let rule = try await owner.api.post(
            "/api/v1/alerts/rules",
            [
                "name": "Too warm", "scope": ["device_ids": [.string(device.id)]], "kind": "threshold",
                "sensor_type": "temperature", "condition": "gt", "threshold_value": 37.5, "severity": "high",
                "channel_ids": [channel.json["id"]],
            ])
        #expect(rule.status == 201, "\(rule)")

        let socket = try await TestWebSocket.connect(
            port: installation.port, path: "/ws/live-data", headers: ["authorization": "Bearer \(owner.token)"])
        _ = try await socket.next("hello")
        let sent = try await device.send([
            ["sensor_type": "temperature", "value": 36.9, "unit": "°C"],
            ["sensor_type": "co2", "value": 5, "unit": "%"],
        ])
        #expect(sent.status == 201 && sent.json["accepted"] == 2, "\(sent)")
        let frame = try await socket.next("reading")
        #expect(frame["data"]["device_id"].string == device.id)
        #expect(frame["data"]["value"] == 36.9)

        try await eventually {
            let latest = try await owner.api.get("\(device.path)/readings/latest")
            return latest.json["items"].array?.map { $0["sensor_type"].string } == ["co2", "temperature"]
        }

        let between = Timestamp.now
        _ = try await device.send([["sensor_type": "temperature", "value": 38.2, "unit": "°C"]])
        #expect(try await temperatures(of: device, "to=\(between)", owner) == [36.9])
        #expect(try await temperatures(of: device, "from=\(between)", owner) == [38.2])
        #expect(try await temperatures(of: device, "order=asc", owner) == [36.9, 38.2])
        let alert = try await eventually(within: .seconds(20)) {
            try await owner.api.get("/api/v1/alerts/active").json["items"].array?.first
        }
        #expect(alert["severity"] == "high" && alert["value"] == 38.2 && alert["device_id"].string == device.id)
        let shown = try await socket.next("alert")
        #expect(shown["data"]["id"] == alert["id"])
        let hook = try await eventually(within: .seconds(20)) { receiver.requests.first }
        #expect(hook.path == "/hook" && hook.text.contains(alert["id"].string ?? "?"), "\(hook.text)")
        let acknowledged = try await owner.api.put(
            "/api/v1/alerts/\(alert["id"].string ?? "")/acknowledge", ["notes": "looking"])
        #expect(acknowledged.status == 200 && acknowledged.json["status"] == "acknowledged", "\(acknowledged)")

        try await eventually(within: .seconds(20)) {
            let usage = try await owner.api.get("/api/v1/billing/usage")
            return usage.json["totals"]["readings"] == 3
        }
    }

    private func temperatures(of device: Device, _ range: String, _ owner: Owner) async throws -> [Double]? {
        let page = try await owner.api.get("\(device.path)/readings?sensor_type=temperature&\(range)")
        return page.json["items"].array?.compactMap { $0["value"].double }
    }

    @Test func `a command goes out by long poll and its result comes back`() async throws {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        let device = try await owner.device()
        async let poll = device.api.get("\(device.path)/commands?wait=30")
        let queued = try await owner.api.post(
            "\(device.path)/commands", ["command_type": "calibrate", "parameters": ["offset": 0.1]])
        #expect(queued.status == 201, "\(queued)")
        let id = queued.json["id"].string ?? ""
        let received = try await poll.json["items"][0]
        #expect(received["id"].string == id && received["parameters"]["offset"] == 0.1)
        for status in ["acknowledged", "succeeded"] {
            let report = try await device.api.put("\(device.path)/commands/\(id)", ["status": .string(status)])
            #expect(report.status == 200, "\(report)")
        }
        let command = try await owner.api.get("/api/v1/commands/\(id)")
        #expect(command.json["status"] == "succeeded")
    }

    @Test func `the merged document names every service's routes`() async throws {
        let installation = try await SystemInstallation.shared()
        let expected = [
            "/api/v1/auth/login", "/api/v1/devices", "/api/v1/devices/{id}/readings", "/api/v1/alerts/rules",
            "/api/v1/billing/usage", "/api/v1/stream/ticket",
        ]
        try await eventually(within: .seconds(60)) {
            let document = try await installation.client.get("/api/v1/openapi.json")
            let paths = document.json["paths"].object ?? [:]
            return expected.allSatisfy { paths[$0] != nil }
        }
    }
}
