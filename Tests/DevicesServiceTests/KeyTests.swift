import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct KeyTests {
    @Test func `a rotation leaves two valid keys, and the next one leaves two again`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let rotated = try await organization.admin.post("\(device.path)/rotate-key")
        #expect(rotated.status == 200)
        let second = try #require(rotated.json["api_key"].string)
        let end = try #require(rotated.json["previous_key_expires_at"].string.flatMap(Timestamp.init(rfc3339:)))
        #expect(abs(end.since(.now).components.seconds - 86_400) < 60)
        #expect(try await heartbeat(device, second) == 200)
        #expect(try await heartbeat(device, device.key) == 200)

        let third = try await organization.admin.post("\(device.path)/rotate-key", ["overlap_s": 60])
        #expect(try await heartbeat(device, third.json["api_key"].string) == 200)
        #expect(try await heartbeat(device, second) == 200)
        try await eventually(within: .seconds(1)) { try await heartbeat(device, device.key) == 401 }
        let server = organization.server
        try await server.service.events(
            about: SecretHash(of: device.key).hex,
            are: ["device.key.issued", "device.key.issued", "device.key.revoked"])
    }

    @Test func `without an overlap the old key is refused on every instance within a second`() async throws {
        let database = try await DevicesServer.makeDatabase()
        let one = try await DevicesServer.start(on: database)
        let other = try await DevicesServer.start(on: database)
        let organization = try await one.organization()
        let device = try await organization.device()
        let elsewhere = other.service.client.authorized(device.key)
        #expect(try await elsewhere.post("\(device.path)/heartbeat").status == 200)
        let rotated = try await organization.admin.post("\(device.path)/rotate-key", ["overlap_s": 0])
        #expect(rotated.json["previous_key_expires_at"].isNull)
        try await eventually(within: .seconds(1)) {
            try await elsewhere.post("\(device.path)/heartbeat").status == 401
        }
    }

    @Test func `a revoked key is announced to all services`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let subscription = server.service.redis.subscribe(to: Revocation.channel)
        var events = subscription.makeAsyncIterator()
        _ = await events.next()
        _ = try await organization.admin.post("\(device.path)/rotate-key", ["overlap_s": 0])
        while case .message(let message)? = await events.next() {
            let revocation = try JSONDecoder().decode(Revocation.self, from: Data(message.payload))
            if revocation.subject == .deviceKey(SecretHash(of: device.key)) { return }
        }
        Issue.record("the announcement did not come")
    }

    @Test func `another service can read which keys were revoked, by rotation and with their device`() async throws {
        let server = try await DevicesServer.start(on: try await DevicesServer.makeDatabase())
        let organization = try await server.organization()
        let (rotated, deleted) = (try await organization.device(), try await organization.device())
        let service = try await server.service.peer()
        let path = "/internal/v1/revocations"
        let before = try await service.get(path)
        #expect(before.status == 200 && before.json["items"].array?.isEmpty == true)
        _ = try await organization.admin.post("\(rotated.path)/rotate-key", ["overlap_s": 0])
        let first = try await service.get(path)
        #expect(first.json["items"].array?.map { $0["key_hash"].string } == [SecretHash(of: rotated.key).hex])
        #expect(first.json["items"][0]["kind"] == "device_key")
        #expect(try await organization.admin.delete(deleted.path).status == 204)
        let next = try await service.get("\(path)?after=\(first.json["next"].string ?? "")")
        #expect(next.json["items"].array?.map { $0["key_hash"].string } == [SecretHash(of: deleted.key).hex])
        let last = try await service.get("\(path)?after=\(next.json["next"].string ?? "")")
        #expect(last.json["items"].array?.isEmpty == true && last.json["next"] == next.json["next"])
        #expect(try await organization.device().client.get(path).status == 403)
        #expect(try await organization.admin.get(path).status == 403)
    }

    @Test func `another service learns who holds a key`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device()
        let service = try await server.service.peer()
        let path = "/internal/v1/device-keys/\(SecretHash(of: device.key).hex)"
        let answer = try await service.get(path)
        #expect(answer.status == 200)
        #expect(answer.json["device_id"].string == device.id)
        #expect(answer.json["organization_id"].string == device.organization.id.text)
        #expect(answer.json["expires_at"].isNull)
        #expect(try await service.get("/internal/v1/device-keys/\(SecretHash(of: "x").hex)").status == 404)
        #expect(try await service.get("/internal/v1/device-keys/x").status == 404)
        #expect(try await device.client.get(path).status == 403)
        #expect(try await device.organization.admin.get(path).status == 403)
    }

    @Test func `an overlap out of bounds is refused`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        for overlap in [-1, 604_801] {
            let response = try await organization.admin.post(
                "\(device.path)/rotate-key", ["overlap_s": .number(Double(overlap))])
            #expect(response.status == 422)
        }
    }

    private func heartbeat(_ device: TestDevice, _ key: String?) async throws -> Int {
        try await device.organization.server.service.client.authorized(key ?? "").post("\(device.path)/heartbeat")
            .status
    }
}
