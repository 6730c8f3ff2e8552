import Foundation
import NIOHTTP1
import TestKit
import Testing

/// A device as both sides see it, through the gateway.
struct DeviceTests {
    @Test func `what a device reports is shown, on the screen too, and one that falls silent goes offline`()
        async throws
    {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        let device = try await owner.device()
        #expect(try await owner.api.get("\(device.path)/status").json["status"] == "provisioned")
        let socket = try await TestWebSocket.connect(
            port: installation.port, path: "/ws/device-status", headers: ["authorization": "Bearer \(owner.token)"])
        _ = try await socket.next("hello")

        let beat = try await device.api.post("\(device.path)/heartbeat", ["firmware_version": "1.4.2", "uptime_s": 60])
        #expect(beat.status == 200 && beat.json["pending_commands"] == 0, "\(beat)")
        #expect(try await socket.next("device_status")["data"]["status"] == "online")
        let report = try await device.api.post(
            "\(device.path)/status", ["status": "error", "battery_level": 12, "wifi_signal_strength": -71])
        #expect(report.status == 200, "\(report)")
        #expect(try await socket.next("device_status")["data"]["status"] == "error")
        let shown = try await owner.api.get("\(device.path)/status").json
        #expect(shown["status"] == "error" && shown["battery_level"] == 12 && shown["wifi_signal_strength"] == -71)
        #expect(shown["firmware_version"] == "1.4.2" && shown["uptime_s"] == 60)

        // Some minutes have passed.
        _ = try await installation.query(
            """
            UPDATE devices.devices SET last_seen = now() - make_interval(secs => 61 + 3 * reading_interval)
            WHERE id = \(UUID(uuidString: device.id))
            """)
        #expect(try await socket.next("device_status", within: .seconds(20))["data"]["status"] == "offline")
        #expect(try await owner.api.get(device.path).json["status"] == "offline")
        #expect(try await device.send([["sensor_type": "t", "value": 1]]).status == 201)
        // In truth it was written a moment ago, and is again ten seconds later.
        #expect(try await socket.next("device_status", within: .seconds(20))["data"]["status"] == "online")
    }

    @Test func `another tenant's device is not there, and a revoked key is refused everywhere within a second`()
        async throws
    {
        let installation = try await SystemInstallation.shared()
        let (owner, stranger) = (try await installation.owner(), try await installation.owner())
        let device = try await owner.device()
        let calls = try await calls(of: device, by: owner)
        for (method, path, body) in calls {
            // A device is known everywhere a moment after it has been registered.
            try await eventually(within: .seconds(5)) {
                let response = try await device.api.send(method, path, json: body)
                return (200...299).contains(response.status)
            }
        }
        for (method, path, _) in calls where method == .GET {
            #expect(try await stranger.api.get(path).status == 404, "\(path)")
        }
        let rotated = try await owner.api.post("\(device.path)/rotate-key", ["overlap_s": 0])
        #expect(rotated.status == 200, "\(rotated)")
        try await eventually(within: .seconds(1)) {
            for (method, path, body) in calls {
                guard try await device.api.send(method, path, json: body).status == 401 else { return false }
            }
            return true
        }
    }

    /// What a device may ask of every service that takes devices' keys.
    private func calls(
        of device: Device, by owner: Owner
    ) async throws -> [(method: HTTPMethod, path: String, body: JSONValue?)] {
        let command = try await owner.api.post("\(device.path)/commands", ["command_type": "ping"])
        let id = try #require(command.json["id"].string, "\(command)")
        return [
            (.POST, "\(device.path)/readings", ["readings": [["sensor_type": "t", "value": 1]]]),
            (.GET, "\(device.path)/readings", nil),
            (.GET, "\(device.path)/readings/latest", nil),
            (.GET, device.path, nil),
            (.GET, "\(device.path)/status", nil),
            (.GET, "\(device.path)/config", nil),
            (.GET, "\(device.path)/commands", nil),
            (.PUT, "\(device.path)/commands/\(id)", ["status": "acknowledged"]),
            (.POST, "\(device.path)/heartbeat", nil),
            (.POST, "\(device.path)/status", ["status": "online"]),
        ]
    }
}
