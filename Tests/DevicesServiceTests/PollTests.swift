import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct PollTests {
    @Test func `a long poll is answered as soon as a command is queued, on whichever instance`() async throws {
        let database = try await DevicesServer.makeDatabase()
        let one = try await DevicesServer.start(on: database)
        let other = try await DevicesServer.start(on: database)
        let organization = try await one.organization()
        let device = try await organization.device()
        for server in [one, other] {
            let waiting = server.service.client.authorized(device.key)
            async let answer = waiting.get("\(device.path)/commands?wait=20")
            try await eventually { try await isWaiting(server, device) }
            let start = ContinuousClock.now
            let id = try await device.queue()
            #expect(try await answer.json["items"][0]["id"].string == id)
            #expect(ContinuousClock.now - start < .seconds(2))
        }
    }

    @Test func `a long poll that nothing comes for is answered empty in time`() async throws {
        let device = try await DevicesServer.shared().organization().device()
        let start = ContinuousClock.now
        #expect(try await device.poll("?wait=1") == [])
        #expect((Duration.milliseconds(900)...(.seconds(5))).contains(ContinuousClock.now - start))
        #expect(try await device.client.get("\(device.path)/commands?wait=61").status == 422)
    }

    @Test func `a command whose lease runs out wakes a waiting poll`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        let id = try await device.queue()
        #expect(try await device.poll() == [id])
        async let again = device.poll("?wait=20")
        try await eventually { try await isWaiting(server, device) }
        let command = try #require(UUID(uuidString: id))
        try await server.service.query("UPDATE devices.commands SET leased_until = now() WHERE id = \(command)")
        #expect(try await again == [id])
    }

    @Test func `waiting polls hold no database connection`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        var devices: [TestDevice] = []
        for _ in 0..<40 { devices.append(try await organization.device()) }
        try await withThrowingTaskGroup(of: [String].self) { group in
            for device in devices { group.addTask { try await device.poll("?wait=20") } }
            for device in devices { try await eventually { try await isWaiting(server, device) } }
            let start = ContinuousClock.now
            for device in devices { _ = try await device.queue() }
            for try await commands in group { #expect(commands.count == 1) }
            #expect(ContinuousClock.now - start < .seconds(15))
        }
    }

    @Test func `a waiting poll is answered when its instance shuts down`() async throws {
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase())
        let device = try await server.organization().device()
        async let answer = device.poll("?wait=60")
        try await eventually { try await isWaiting(server, device) }
        let start = ContinuousClock.now
        await server.shutDown()
        #expect(try await answer == [])
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `a command goes to the poll that came last, for the earlier connection may be lost`() async throws {
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase())
        let device = try await server.organization().device()
        async let earlier = device.poll("?wait=60")
        try await eventually { try await isWaiting(server, device) }
        let latest = try await TestHTTPConnection.connect(port: server.service.client.port)
        let exchange = try await latest.begin(
            .GET, "\(device.path)/commands?wait=20", headers: ["authorization": "Bearer \(device.key)"])
        try await eventually { try await areWaiting(2, server) }
        let command = try await device.queue()
        #expect(try await exchange.response().json["items"][0]["id"].string == command)
        #expect(try await areWaiting(1, server))
        await latest.close()
        await server.shutDown()
        #expect(try await earlier == [])
    }

    @Test func `a poll whose client is gone takes no command`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        let gone = try await TestHTTPConnection.connect(port: server.service.client.port)
        _ = try await gone.begin(
            .GET, "\(device.path)/commands?wait=60", headers: ["authorization": "Bearer \(device.key)"])
        try await eventually { try await isWaiting(server, device) }
        await gone.close()
        try await eventually { try await !isWaiting(server, device) }
        let command = try await device.queue()
        #expect(try await device.poll() == [command])
    }

    @Test(arguments: [nil, "identity"])
    func `a key that is revoked while its poll waits gets no command`(encoding: String?) async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        // One that says how its body is encoded goes the way of the table.
        async let answer = device.client.send(
            .GET, "\(device.path)/commands?wait=20", headers: encoding.map { ["content-encoding": $0] } ?? [:])
        try await eventually { try await isWaiting(server, device) }
        let rotated = try await device.organization.admin.post("\(device.path)/rotate-key", ["overlap_s": 0])
        try await eventually { try await device.client.get(device.path).status == 401 }
        let command = try await device.queue()
        #expect(try await answer.status == 401)
        let key = try #require(rotated.json["api_key"].string)
        let commands = try await server.service.client.authorized(key).get("\(device.path)/commands").json["items"]
        #expect(commands[0]["id"].string == command)
    }

    @Test func `what wakes a poll that is refused then goes to the one behind it`() async throws {
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase())
        let device = try await server.organization().device()
        let rotated = try await device.organization.admin.post("\(device.path)/rotate-key", ["overlap_s": 3600])
        let next = server.service.client.authorized(try #require(rotated.json["api_key"].string))
        async let earlier = next.get("\(device.path)/commands?wait=60")
        try await eventually { try await isWaiting(server, device) }
        async let latest = device.client.get("\(device.path)/commands?wait=60")
        try await eventually { try await areWaiting(2, server) }
        // The time in which both keys are good is over.
        try await server.service.query("UPDATE devices.device_keys SET expires_at = now() WHERE expires_at IS NOT NULL")
        try await eventually { try await device.client.get(device.path).status == 401 }
        let start = ContinuousClock.now
        let command = try await device.queue()
        #expect(try await earlier.json["items"][0]["id"].string == command)
        #expect(ContinuousClock.now - start < .seconds(2), "before the look that there is every three seconds")
        #expect(try await latest.status == 401)
        await server.shutDown()
    }

    @Test func `polls are refused alike whether they go the short way or that of the table`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let (device, other) = (try await organization.device(), try await organization.device())
        let unknown = "lms_dev_" + String(repeating: "A", count: 43)
        for (path, key) in [
            (other.path, device.key), ("/api/v1/devices/\(UUID())", device.key), (device.path, unknown),
            (device.path, "lms_dev_short"),
        ] {
            let (short, table) = (
                try await server.service.client.send(
                    .GET, "\(path)/commands", headers: ["authorization": "Bearer \(key)", "x-request-id": "same"]),
                try await server.service.client.send(
                    .GET, "\(path)/commands",
                    headers: ["authorization": "Bearer \(key)", "x-request-id": "same", "content-encoding": "identity"])
            )
            #expect(short.status == table.status && short.json == table.json, "\(short) \(table)")
            #expect([401, 404].contains(short.status))
        }
        #expect(try await device.client.get("\(device.path)/commands?limit=101").status == 422)
        #expect(try await device.client.get("\(device.path)/commands?wait=%zz").status == 400)
    }

    private func areWaiting(_ count: Int, _ server: DevicesServer) async throws -> Bool {
        try await server.service.client.get("/metrics").text
            .contains("lms_long_polls_waiting{subject=\"commands\"} \(count)")
    }

    /// Whether a poll of the device waits, which a device that does is seen to have begun.
    private func isWaiting(_ server: DevicesServer, _ device: TestDevice) async throws -> Bool {
        server.waiters.devices(waitingFor: .commands).contains { $0.uuidString.lowercased() == device.id }
    }
}
