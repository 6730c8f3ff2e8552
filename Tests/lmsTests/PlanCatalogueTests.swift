import Foundation
import Kernel
import LocalStack
import Postgres
import TestKit
import Testing

@testable import lms

/// What `lms seed --plans` does to the schema of billing.
struct PlanCatalogueTests {
    /// An installation with billing's schema alone, and three plans by its migrations.
    private struct Subject {
        let database: TestDatabase
        let catalogue: PlanCatalogue

        init() async throws {
            let migrations = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("services/billing/Migrations")
            database = try await TestDatabase.make(migrations: [.billing: migrations])
            catalogue = PlanCatalogue(
                installation: Installation(
                    administrator: database.administrator, redisURL: database.redisURL,
                    secretKey: database.encodedSecretKey, roles: database.roles, ports: [:], inherited: [:]))
        }

        /// Subscribes an organization.
        func subscribe(to plan: String) async throws {
            let organization = UUID.v7()
            try await withClient(database.administrator) { client in
                _ = try await client.batch([
                    """
                    INSERT INTO billing.organizations (organization_id, name, version)
                    VALUES (\(organization), 'Lab', 1)
                    """,
                    """
                    INSERT INTO billing.subscriptions (
                        id, organization_id, plan_id, status, billing_period, told_version)
                    VALUES (\(UUID.v7()), \(organization), \(plan), 'active', 'monthly', 1)
                    """,
                ])
            }
        }

        func texts(_ sql: SQL) async throws -> [String] {
            try await withClient(database.administrator) { try await $0.query(sql) }
                .map { try $0.decode(String.self, at: 0) }
        }

        /// The plans of subscriptions of which billing has something to tell.
        func untold() async throws -> [String] {
            try await texts(
                "SELECT plan_id FROM billing.subscriptions WHERE told_version < version ORDER BY plan_id")
        }

        func audited() async throws -> Int {
            try await texts("SELECT actor ->> 'type' FROM core.events WHERE event_type = 'plans.changed'").count
        }
    }

    @Test func `the plans that there are change nothing`() async throws {
        let subject = try await Subject()
        try await subject.subscribe(to: "free")
        let plans = try await subject.catalogue.offered()
        #expect(plans.map(\.id) == ["free", "laboratory", "enterprise"])
        let file = try PlanFile(yaml: PlanFile(plans).yaml())
        let outcome = try await subject.catalogue.replace(with: file.plans)
        #expect(outcome.changes.map(\.kind) == [.unchanged, .unchanged, .unchanged])
        #expect(outcome.subscriptions == 0)
        #expect(try await subject.catalogue.offered() == plans)
        #expect(try await subject.untold() == [])
        #expect(try await subject.audited() == 0)
    }

    @Test func `who has a plan whose limits change is told of, and nobody else`() async throws {
        let subject = try await Subject()
        for plan in ["free", "laboratory", "enterprise"] { try await subject.subscribe(to: plan) }
        let plans = try await subject.catalogue.offered()
        let outcome = try await subject.catalogue.replace(with: [
            plans[0].changed(devices: 5), plans[1].changed(price: 1), plans[2],
        ])
        #expect(outcome.changes.map(\.kind) == [.changed, .changed, .unchanged])
        #expect(outcome.subscriptions == 1)
        #expect(try await subject.untold() == ["free"])
        let changed = try await subject.catalogue.offered()
        #expect(changed[0].limits.devices == 5)
        #expect(changed[1].monthlyPrice == 1)
        #expect(try await subject.audited() == 1)
    }

    @Test func `a plan that is left out is retired, its subscribers keep it, and it can be offered again`() async throws
    {
        let subject = try await Subject()
        try await subject.subscribe(to: "laboratory")
        let plans = try await subject.catalogue.offered()
        let without = try await subject.catalogue.replace(with: [plans[0], plans[2]])
        #expect(without.changes.map(\.description).last == "laboratory: retired; who has it keeps it")
        #expect(try await subject.catalogue.offered() == [plans[0], plans[2]])
        #expect(try await subject.texts("SELECT plan_id FROM billing.subscriptions") == ["laboratory"])
        #expect(try await subject.untold() == [])
        // In another order, too.
        let again = try await subject.catalogue.replace(with: [plans[2], plans[1], plans[0]])
        #expect(again.changes.map(\.kind) == [.unchanged, .offeredAgain, .unchanged])
        #expect(try await subject.catalogue.offered() == [plans[2], plans[1], plans[0]])
        #expect(try await subject.untold() == [])
    }

    @Test func `a new plan is offered`() async throws {
        let subject = try await Subject()
        let plans = try await subject.catalogue.offered()
        let tiny = Plan(
            id: "tiny", name: "Tiny", description: "", currency: "JPY", monthlyPrice: 100, yearlyPrice: 1000,
            limits: plans[2].limits)
        let outcome = try await subject.catalogue.replace(with: [tiny] + plans)
        #expect(outcome.changes.first?.kind == .added)
        #expect(try await subject.catalogue.offered() == [tiny] + plans)
    }
}

extension Plan {
    fileprivate func changed(price: Int? = nil, devices: Int? = nil) -> Plan {
        Plan(
            id: id, name: name, description: description, currency: currency, monthlyPrice: price ?? monthlyPrice,
            yearlyPrice: yearlyPrice,
            limits: Limits(
                devices: devices ?? limits.devices, members: limits.members,
                readingsPerMonth: limits.readingsPerMonth, readingsPerMinute: limits.readingsPerMinute,
                requestsPerSecond: limits.requestsPerSecond, retentionDays: limits.retentionDays))
    }
}
