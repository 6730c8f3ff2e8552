import EventBus
import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import BillingService

/// What this service tells anew, and what it has told anew to itself.
@Suite struct SnapshotTests {
    @Test func `a snapshot has the limits of every organization`() async throws {
        let server = try await BillingServer.start()
        let organizations = [UUID.v7(), UUID.v7()]
        for id in organizations { try await server.publish(.organization("created", id)) }
        let service = server.anonymous.authorized(
            try await InternalTokens(service: "devices", keys: KeyRing(server.database.encodedSecretKey)).token())
        let path = "/internal/v1/snapshot/limits"
        let response = try await service.get(path)
        let page = try JSONDecoder().decode(SnapshotPage.self, from: Data(response.text.utf8))
        #expect(page.items.map(\.subject) == organizations.map(\.text).sorted())
        #expect(Set(page.items.map(\.type)) == ["limits.changed"] && page.next == nil)
        #expect(try page.items.first?.decode(JSONValue.self)["limits"]["devices"].int == 1000)
        let first = organizations.map(\.text).sorted()[0]
        let rest = try await service.get("\(path)?after=\(first)")
        #expect(rest.json["items"].array?.count == 1)
    }

    @Test func `when events are lost, organizations and devices become those that there are`() async throws {
        let owner = try await TestOwner.start()
        let server = try await BillingServer.start(
            settings: ["LMS_AUTH_URL": owner.url, "LMS_DEVICES_URL": owner.url])
        let (kept, deleted, missed) = (UUID.v7(), UUID.v7(), UUID.v7())
        let (stays, goes, comes) = (UUID.v7(), UUID.v7(), UUID.v7())
        try await server.publish(
            .organization("created", kept), .organization("created", deleted), .device("registered", stays, of: kept),
            .device("registered", goes, of: kept))
        let command = try Event.counted("command.queued", by: .devices, kept)
        try await server.publish(command)

        owner.set(
            "organizations",
            try [.organization("updated", kept, name: "Renamed", version: 2), .organization("updated", missed)])
        owner.set("devices", try [.device("registered", stays, of: kept), registered(comes, by: kept)])
        try await server.redis.del(StreamName.events(.auth), StreamName.events(.devices))
        func query(_ sql: SQL) async throws -> [String] {
            try await withClient(server.database.administrator) { try await $0.query(sql) }
                .map { try $0.decode(String.self) }
        }
        try await eventually {
            try await Set(query("SELECT organization_id::text FROM billing.subscriptions")) == [kept.text, missed.text]
        }
        let names = try await query("SELECT name FROM billing.organizations WHERE organization_id = \(kept)")
        #expect(names == ["Renamed"])
        try await eventually {
            try await Set(query("SELECT id::text FROM billing.devices WHERE deleted_at IS NULL"))
                == [stays.text, comes.text]
        }
        let since = try await query("SELECT registered_at::date::text FROM billing.devices WHERE id = \(comes)")
        #expect(since == ["2026-01-02"])
        // What is counted goes on from where it was; what comes again is not counted again.
        try await server.publish(command, .counted("command.queued", by: .devices, kept))
        #expect(try await server.today(kept)["commands"].int == 2)
    }

    /// As the devices service tells of one that was registered a while ago.
    private func registered(_ device: UUID, by organization: UUID) throws -> Event {
        try Event(
            source: .devices, type: "device.registered", subject: device.text, subjectVersion: 4,
            organizationID: organization,
            data: [
                "id": device.text, "organization_id": organization.text, "created_at": "2026-01-02T10:00:00.000000Z",
            ])
    }
}
