import EventBus
import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import BillingService

@Suite struct SubscriptionTests {
    private let path = "/api/v1/billing/subscription"

    @Test func `a new organization has the free plan, and others are told its limits`() async throws {
        let server = try await BillingServer.shared()
        let organization = UUID.v7()
        try await server.publish(.organization("created", organization))
        let answer = try await server.client(in: organization, as: .viewer).get(path)
        #expect(answer.status == 200)
        #expect(answer.header("etag")?.hasPrefix(#""1-"#) == true)
        #expect(answer.json["plan"].string == "free")
        #expect(answer.json["status"].string == "active")
        #expect(answer.json["price"] == ["amount": 0, "currency": "EUR"])

        let event = try await eventually { try await server.events(about: organization).first }
        #expect(event.type == "limits.changed")
        let data = try event.decode(JSONValue.self)
        #expect(data["organization_id"].string == organization.text)
        #expect(data["plan"].string == "free")
        #expect(data["limits"] == answer.json["limits"])
        #expect(data["limits"]["devices"].int == 1000)
        #expect(data["limits"]["readings_per_month"].int == 100_000_000)
        #expect(data["limits"]["readings_per_minute"].int == 3_000_000)
        #expect(data["limits"]["requests_per_second"].int == 5000)
    }

    @Test func `the same event twice makes one subscription and tells once`() async throws {
        let server = try await BillingServer.shared()
        let organization = UUID.v7()
        let event = try Event.organization("created", organization)
        try await server.publish(event, event, .organization("updated", organization, version: 2))
        _ = try await eventually { try await server.events(about: organization).first }
        try await server.publish(event)
        #expect(try await server.events(about: organization).count == 1)
    }

    @Test func `who asks before the event has come is answered alike`() async throws {
        let server = try await BillingServer.shared()
        let organization = UUID.v7()
        let viewer = try await server.client(in: organization, as: .viewer)
        let early = try await viewer.get(path)
        #expect(early.status == 200)
        try await server.publish(.organization("created", organization))
        #expect(try await viewer.get(path).json == early.json)
        try await eventually { try await server.events(about: organization).count == 1 }
    }

    @Test func `a deleted organization has none, and a late event does not revive it`() async throws {
        let server = try await BillingServer.shared()
        let organization = UUID.v7()
        try await server.publish(
            .organization("created", organization), .organization("deleted", organization, version: 3))
        try await server.publish(.organization("updated", organization, version: 2))
        let viewer = try await server.client(in: organization, as: .viewer)
        #expect(try await viewer.get(path).status == 404)
        #expect(try await viewer.get("/api/v1/billing/usage").status == 404)
    }

    @Test func `of a deleted organization no usage and no device is left, and of others everything`() async throws {
        let server = try await BillingServer.shared()
        let (organization, other) = (UUID.v7(), UUID.v7())
        for one in [organization, other] {
            try await server.publish(
                .organization("created", one), .device("registered", UUID.v7(), of: one),
                .counted("command.queued", by: .devices, one))
        }
        let before = try await server.database.rows(of: other, in: "billing")
        #expect(before == ["organizations": 1, "subscriptions": 1, "devices": 1, "usage_daily": 1])
        try await server.publish(.organization("deleted", organization, version: 2))
        // That it is deleted stays, so that nothing that comes late makes it anew.
        try await eventually(within: .seconds(20)) {
            try await server.database.rows(of: organization, in: "billing") == ["organizations": 1, "removals": 1]
        }
        #expect(try await server.database.rows(of: other, in: "billing") == before)
    }

    @Test func `the plans are the same for every signed-in user`() async throws {
        let server = try await BillingServer.shared()
        let plans = try await server.client(in: nil, as: nil).get("/api/v1/billing/plans").json["items"].array ?? []
        #expect(plans.map { $0["id"].string } == ["free", "laboratory", "enterprise"])
        #expect(plans[1]["prices"]["monthly"] == ["amount": 4900, "currency": "EUR"])
        #expect(plans[2]["limits"].object?["devices"] == .null)
        #expect(plans[2]["limits"].object?["readings_per_minute"] == .null)
        #expect(plans.map { $0["limits"]["requests_per_second"].int } == [5000, 10_000, 20_000])
    }
}
