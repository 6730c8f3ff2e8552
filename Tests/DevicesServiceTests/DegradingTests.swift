import Foundation
import Identity
import TestKit
import Testing

@testable import DevicesService

/// What still works while a server is away; each test has servers of its own.
@Suite(.serialized) struct DegradingTests {
    @Test func `without Redis everything works, and its events come when it is back`() async throws {
        let servers = try await TestServers.start()
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase(on: servers))
        let organization = try await server.organization()
        await servers.redis?.kill(.kill)

        let device = try await organization.device()
        #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        #expect(try await device.shown()["status"] == "online")
        async let polled = device.poll("?wait=20")
        try await eventually { !server.waiters.devices(waitingFor: .commands).isEmpty }
        let command = try await device.queue()
        #expect(try await polled == [command])
        #expect(try await device.report(command, "succeeded").status == 200)
        #expect(try await organization.admin.post("\(device.path)/rotate-key", ["overlap_s": 0]).status == 200)
        try await eventually(within: .seconds(1)) {
            try await device.client.post("\(device.path)/heartbeat").status == 401
        }
        let revoked = try await server.service.peer().get("/internal/v1/revocations")
        #expect(revoked.json["items"].array?.map { $0["key_hash"].string } == [SecretHash(of: device.key).hex])

        try await servers.redis?.start()
        try await eventually(within: .seconds(20)) {
            try await server.service.events(about: command).map(\.type) == [
                "command.queued", "command.sent", "command.succeeded",
            ]
        }
        await servers.stop()
    }

    @Test func `with Redis frozen devices are answered, and a revoked key is refused within a second`() async throws {
        let servers = try await TestServers.start()
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase(on: servers))
        let organization = try await server.organization()
        let device = try await organization.device()
        try await #require(servers.redis).whileFrozen {
            #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
            #expect(try await organization.admin.post("\(device.path)/rotate-key", ["overlap_s": 0]).status == 200)
            try await eventually(within: .seconds(1)) {
                try await device.client.post("\(device.path)/heartbeat").status == 401
            }
        }
        await servers.stop()
    }

    @Test func `without PostgreSQL requests are 503, and it recovers by itself`() async throws {
        let servers = try await TestServers.start()
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase(on: servers))
        let organization = try await server.organization()
        let device = try await organization.device()
        await servers.postgres?.kill(.kill)
        let response = try await organization.admin.get(device.path)
        #expect(response.status == 503)
        #expect(response.header("retry-after") != nil)
        #expect(try await server.service.client.get("/readyz").status == 503)
        #expect(try await server.service.client.get("/livez").status == 200)
        try await servers.postgres?.start()
        try await eventually(within: .seconds(20)) { try await organization.admin.get(device.path).status == 200 }
        #expect(try await device.client.post("\(device.path)/heartbeat").status == 200)
        await servers.stop()
    }
}
