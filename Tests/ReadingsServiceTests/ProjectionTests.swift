import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// What the readings service knows of devices and keys by the events of the devices service.
struct ProjectionTests {
    private struct Key {
        let hash = SecretHash(of: UUID.v7().text)
        let device = UUID.v7()
        let organization = UUID.v7()

        func event(_ type: String, version: Int, expiresAt: Timestamp? = nil) throws -> Event {
            try Event(
                source: .devices, type: type, subject: hash.hex, subjectVersion: version,
                organizationID: organization,
                data: [
                    "device_id": JSONValue.string(device.text), "organization_id": .string(organization.text),
                    "key_hash": .string(hash.hex), "expires_at": expiresAt.map { .string($0.rfc3339) } ?? .null,
                ])
        }

        func known(to server: ReadingsServer) async throws -> (expiresAt: Timestamp?, isRevoked: Bool, version: Int)? {
            try await server.service.query(
                "SELECT expires_at, is_revoked, version FROM readings.keys WHERE key_hash = \(hash.bytes)"
            ).first?.decode(Timestamp?.self, Bool.self, Int.self)
        }
    }

    /// Publishes events of the key, and another one that is applied after them.
    private func tell(_ events: [Event], to server: ReadingsServer) async throws {
        let marker = Key()
        for event in events { try await server.service.publish(event) }
        try await server.service.publish(marker.event("device.key.issued", version: 1))
        try await eventually { try await marker.known(to: server) != nil }
    }

    @Test func `the end of a key stays when the event of its issue comes again`() async throws {
        let server = try await ReadingsServer.shared()
        let key = Key()
        let end = Timestamp.now.adding(.seconds(3600))
        let issued = try key.event("device.key.issued", version: 1)
        let rotated = try key.event("device.key.issued", version: 2, expiresAt: end)
        try await tell([issued, rotated, issued], to: server)
        let known = try await key.known(to: server)
        #expect(known?.expiresAt == end && known?.version == 2)
    }

    @Test func `the end of a key is known whichever event comes first`() async throws {
        let server = try await ReadingsServer.shared()
        let key = Key()
        let end = Timestamp.now.adding(.seconds(3600))
        try await tell(
            [
                key.event("device.key.issued", version: 2, expiresAt: end), key.event("device.key.issued", version: 1),
            ], to: server)
        #expect(try await key.known(to: server)?.expiresAt == end)
    }

    @Test func `when events are lost, devices and keys become those that the devices service has`() async throws {
        let owner = try await TestOwner.start()
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase(), devices: owner)
        let organization = UUID.v7()
        func registered(_ device: UUID, version: Int = 1) throws -> Event {
            try Event(
                source: .devices, type: "device.registered", subject: device.text, subjectVersion: version,
                organizationID: organization,
                data: ["id": JSONValue.string(device.text), "organization_id": .string(organization.text)])
        }
        let (kept, deleted, missed) = (UUID.v7(), UUID.v7(), UUID.v7())
        let (keptKey, rotatedKey, revokedKey, missedKey) = (Key(), Key(), Key(), Key())
        try await tell(
            [
                registered(kept), registered(deleted), keptKey.event("device.key.issued", version: 1),
                rotatedKey.event("device.key.issued", version: 1), revokedKey.event("device.key.issued", version: 1),
            ], to: server)
        // What happened since is told by nobody any more.
        let end = Timestamp.now.adding(.seconds(3600))
        owner.set("devices", try [registered(kept), registered(missed)])
        owner.set(
            "keys",
            try [
                keptKey.event("device.key.issued", version: 1),
                rotatedKey.event("device.key.issued", version: 2, expiresAt: end),
                missedKey.event("device.key.issued", version: 1),
            ])
        try await server.service.redis.del(StreamName.events(.devices))

        let viewer = try await server.service.user(.viewer, of: organization)
        func isKnown(_ device: UUID) async throws -> Bool {
            try await viewer.get("/api/v1/devices/\(device.text)/readings").status == 200
        }
        try await eventually { try await isKnown(missed) }
        try await eventually { try await !isKnown(deleted) }
        #expect(try await isKnown(kept))
        try await eventually { try await revokedKey.known(to: server)?.isRevoked == true }
        #expect(try await missedKey.known(to: server)?.isRevoked == false)
        #expect(try await rotatedKey.known(to: server)?.expiresAt == end)
        let untouched = try await keptKey.known(to: server)
        #expect(untouched?.isRevoked == false && untouched?.expiresAt == nil)
        // And the stream is read on.
        try await tell([registered(deleted)], to: server)
    }

    @Test func `a revoked key stays revoked, whatever comes again`() async throws {
        let server = try await ReadingsServer.shared()
        let key = Key()
        try await tell(
            [key.event("device.key.revoked", version: 3), key.event("device.key.issued", version: 2)], to: server)
        #expect(try await key.known(to: server)?.isRevoked == true)
    }
}
