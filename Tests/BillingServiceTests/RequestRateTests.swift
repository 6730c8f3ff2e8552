import Foundation
import Kernel
import Postgres
import Redis
import TestKit
import Testing

@testable import BillingService

/// What gateways find in Redis of the rates that plans allow.
@Suite struct RequestRateTests {
    @Test func `an organization's rate is there, follows its plan, and goes with the organization`() async throws {
        let server = try await BillingServer.start()
        let (organization, other) = (UUID.v7(), UUID.v7())
        try await server.publish(.organization("created", organization), .organization("created", other))
        try await server.finds("5000", for: organization)
        try await server.finds("5000", for: other)
        try await server.operate([
            "UPDATE billing.subscriptions SET plan_id = 'laboratory', version = 2 WHERE organization_id = \(organization)"
        ])
        try await server.finds("10000", for: organization)
        try await server.operate([
            "UPDATE billing.plans SET max_requests_per_second = 7 WHERE id = 'laboratory'",
            "UPDATE billing.subscriptions SET version = version + 1 WHERE plan_id = 'laboratory'",
        ])
        try await server.finds("7", for: organization)
        // What a plan does not say is left to the gateway.
        try await server.operate([
            "UPDATE billing.plans SET max_requests_per_second = NULL WHERE id = 'laboratory'",
            "UPDATE billing.subscriptions SET version = version + 1 WHERE plan_id = 'laboratory'",
        ])
        try await server.finds(nil, for: organization)
        #expect(try await server.rate(of: other) == "5000")
        try await server.publish(.organization("deleted", other, version: 2))
        try await server.finds(nil, for: other)
    }

    @Test func `what Redis has lost is written anew, of many organizations too`() async throws {
        let server = try await BillingServer.start()
        let count = 2 * SubscriptionStore.mostTold + 1
        try await server.subscribe(count, to: "enterprise")
        func areAllThere() async throws -> Bool {
            let rates = try await server.redis.send(RedisCommand("HVALS", RequestRates.key)).array ?? []
            return rates.count { $0.string == "20000" } == count
        }
        try await eventually { try await areAllThere() }
        try await server.redis.del(RequestRates.key)
        try await eventually { try await areAllThere() }
    }

    @Test func `what is lost while all are written is not taken for written`() async throws {
        let database = try await TestDatabase.make(migrations: [:])
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let rates = RequestRates(redis: redis)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await redis.run() }
            defer { group.cancelAll() }
            try await eventually { rates.isReachable }
            try await rates.writeAll { try await redis.del(RequestRates.key) }
            #expect(try await rates.areDue())
            // Another instance that begins meanwhile is the one to say so.
            try await rates.writeAll {
                _ = try await redis.send(RedisCommand("HSET", RequestRates.key, "begun", "another"))
            }
            #expect(try await rates.areDue())
            try await rates.writeAll {}
            #expect(try await !rates.areDue())
        }
    }

    @Test func `only plans that are as a migration made them get a rate by one`() async throws {
        let all = try #require(BillingService.description.migrations)
        let earlier = FileManager.default.temporaryDirectory.appendingPathComponent(UUID.v7().text)
        try FileManager.default.createDirectory(at: earlier, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: earlier) }
        for name in try FileManager.default.contentsOfDirectory(atPath: all.path) where name < "0032" {
            try FileManager.default.copyItem(
                at: all.appendingPathComponent(name), to: earlier.appendingPathComponent(name))
        }
        let database = try await TestDatabase.make(migrations: [.billing: earlier])
        let rates = try await withClient(database.ownerConfiguration(.billing)) { client in
            _ = try await client.query("UPDATE billing.plans SET max_devices = 7 WHERE id = 'laboratory'")
            _ = try await Migrator(component: "billing", directory: all, roles: database.roles, database: client)
                .migrate()
            return try await client.query("SELECT max_requests_per_second FROM billing.plans ORDER BY position")
                .map { try $0.decode(at: 0) as Int? }
        }
        #expect(rates == [5000, nil, 20_000])
    }
}

extension BillingServer {
    fileprivate func rate(of organization: UUID) async throws -> String? {
        try await redis.send(RedisCommand("HGET", RequestRates.key, organization.text)).string
    }

    /// Returns when a gateway finds `rate` for the organization.
    fileprivate func finds(_ rate: String?, for organization: UUID) async throws {
        try await eventually { try await self.rate(of: organization) == rate }
    }
}
