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

    /// Whether a poll of the device waits, which a device that does is seen to have begun.
    private func isWaiting(_ server: DevicesServer, _ device: TestDevice) async throws -> Bool {
        server.waiters.devices.contains { $0.uuidString.lowercased() == device.id }
    }
}
