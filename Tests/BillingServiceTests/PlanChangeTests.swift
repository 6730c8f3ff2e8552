import EventBus
import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import BillingService

/// What becomes of plans that operators change in the database, as `lms seed` does.
@Suite struct PlanChangeTests {
    @Test func `limits that change are told with a later version`() async throws {
        let server = try await BillingServer.start()
        let organization = UUID.v7()
        try await server.publish(.organization("created", organization))
        let first = try await eventually { try await server.events(about: organization).first }
        #expect(first.subjectVersion == 1)
        try await server.operate([
            "UPDATE billing.plans SET max_devices = 7, max_members = NULL WHERE id = 'free'",
            "UPDATE billing.subscriptions SET version = version + 1 WHERE plan_id = 'free'",
        ])
        let changed = try await eventually(within: .seconds(20)) {
            try await server.events(about: organization).first { $0.id != first.id }
        }
        #expect(changed.type == "limits.changed")
        #expect(changed.subjectVersion == 2)
        let limits = try changed.decode(JSONValue.self)["limits"]
        #expect(limits["devices"].int == 7)
        #expect(limits["members"] == .null)
        let answer = try await server.client(in: organization, as: .viewer).get("/api/v1/billing/subscription")
        #expect(answer.json["limits"] == limits)
        #expect(answer.json["version"].int == 2)
    }

    @Test func `of many organizations each is told once`() async throws {
        let server = try await BillingServer.start()
        let count = 2 * SubscriptionStore.mostTold + 1
        try await server.subscribe(count, to: "laboratory")
        let told = try await eventually(within: .seconds(30)) { () -> [Event]? in
            let entries = try await server.redis.xrange(StreamName.events(.billing), count: 10_000)
            let events = try entries.compactMap { try $0["event"].map(Event.init(json:)) }
            return events.count >= count ? events : nil
        }
        #expect(told.count == count)
        #expect(Set(told.map(\.subject)).count == count)
    }

    @Test func `a retired plan is not offered, and stays with who has it`() async throws {
        let server = try await BillingServer.start()
        let organization = UUID.v7()
        try await server.publish(.organization("created", organization))
        try await server.operate([
            "UPDATE billing.subscriptions SET plan_id = 'laboratory'",
            "UPDATE billing.plans SET retired_at = now() WHERE id = 'laboratory'",
        ])
        let viewer = try await server.client(in: organization, as: .viewer)
        let plans = try await viewer.get("/api/v1/billing/plans").json["items"].array ?? []
        #expect(plans.map { $0["id"].string } == ["free", "enterprise"])
        let subscription = try await viewer.get("/api/v1/billing/subscription").json
        #expect(subscription["plan"].string == "laboratory")
        #expect(subscription["limits"]["devices"].int == 10_000)
    }
}

extension BillingServer {
    /// Runs statements as the administrator, in one transaction.
    func operate(_ statements: [SQL]) async throws {
        try await withClient(database.administrator) { client in
            _ = try await client.batch(statements)
        }
    }

    /// Adds so many organizations that have the plan.
    func subscribe(_ count: Int, to plan: String) async throws {
        try await operate([
            """
            INSERT INTO billing.organizations (organization_id, name, version)
            SELECT gen_random_uuid(), 'Lab', 1 FROM generate_series(1, \(count))
            """,
            """
            INSERT INTO billing.subscriptions (id, organization_id, plan_id, status, billing_period)
            SELECT gen_random_uuid(), organization_id, \(plan), 'active', 'yearly' FROM billing.organizations
            """,
        ])
    }
}
