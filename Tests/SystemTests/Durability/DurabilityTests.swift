import LocalStack
import TestKit
import Testing

/// A reading that was answered 201 is in the table, once, whatever becomes of the servers, and what follows from it is
/// counted and told of once.
@Suite(.serialized) struct DurabilityTests {
    @Test(arguments: [Kills.seed])
    func `readings, PostgreSQL and Redis are killed at random, and what was acknowledged is there and was counted`(
        seed: UInt64
    ) async throws {
        let copies = try await Copies(of: .readings, in: SystemInstallation.start())
        let installation = copies.installation
        let processes = await installation.processIDs()
        let owner = try await installation.owner()
        let rounds = Kills.rounds(of: copies.processes + installation.stack.servers, seed: seed)
        let sensors = rounds.indices.map { "round-\($0)" }
        for sensor in sensors { try await owner.rule(on: sensor) }
        let load = try await Load.run(of: owner) { load in
            try await load.waitForProgress()
            for (sensor, kills) in zip(sensors, rounds) { try await load.mark(sensor) { try await kills.carryOut() } }
        }
        #expect(load.unavailable > 0)
        try await installation.checkReadings(of: load)
        try await installation.checkUsage()
        try await installation.checkAlerts(on: sensors, of: load)
        try await installation.checkRollups()
        // Those that were not killed did not die of it.
        let restarted = await installation.processIDs().filter { processes[$0.key] != $0.value }.keys
        #expect(Set(restarted) == [.readings])
        await copies.stop()
    }

    @Test(arguments: [2, 3], [Kills.seed])
    func `copies of alerts are killed at random, and every crossing begins and ends one alert, both of which are told`(
        count: Int, seed: UInt64
    ) async throws {
        let copies = try await Copies(of: .alerts, count: count, in: SystemInstallation.start())
        let installation = copies.installation
        let owner = try await installation.owner()
        let receiver = try await WebhookReceiver.start()
        let crossings = try await Crossings.run(of: owner, telling: receiver) { crossings in
            try await installation.waitUntilFollowed(crossings)
            // The leases of who was killed last five seconds each time.
            for kills in Kills.rounds(of: copies.processes, seed: seed).prefix(4) {
                try await kills.carryOut()
                try await installation.waitUntilFollowed(crossings)
            }
        }
        try await installation.check(crossings)
        try await installation.check(receiver)
        await copies.stop()
    }

    @Test func `PostgreSQL is stopped and later hangs: every service says so, and goes on when it is back`()
        async throws
    {
        let installation = try await SystemInstallation.start()
        let postgres = try #require(installation.stack.servers.first)
        let processes = await installation.processIDs()
        let callers = try await Callers(installation)
        let load = try await Load.run(of: callers.owner) { load in
            try await callers.call {
                try await load.waitForProgress()
                await postgres.stop()
                try await callers.waitUntilAllAreRefused()
                try await load.waitForRefusals(by: 50)
                try await postgres.start()
                try await load.waitForProgress()
                try await callers.waitUntilAllAreAnswered()
                try await postgres.whileFrozen { try await callers.waitUntilAllAreRefused() }
                try await load.waitForProgress()
                try await callers.waitUntilAllAreAnswered()
            }
        }
        #expect(await installation.processIDs() == processes)
        try await installation.checkReadings(of: load)
        try await installation.checkUsage()
        await installation.stack.stop()
    }

    @Test func `Redis is killed, stopped and hangs: readings are taken, counted once, and raise their alerts`()
        async throws
    {
        let installation = try await SystemInstallation.start()
        let redis = try #require(installation.stack.servers.last)
        let processes = await installation.processIDs()
        let owner = try await installation.owner()
        let sensors = ["before", "killed", "stopped", "frozen", "after"]
        for sensor in sensors { try await owner.rule(on: sensor) }
        let load = try await Load.run(of: owner) { load in
            try await load.mark("before")
            await redis.kill()
            try await load.mark("killed")
            try await load.waitForProgress()
            await redis.stop()
            try await load.mark("stopped")
            try await load.waitForProgress()
            try await redis.start()
            try await load.waitForProgress()
            try await redis.whileFrozen {
                try await load.mark("frozen")
                try await load.waitForProgress()
            }
            try await load.mark("after")
        }
        #expect(load.unavailable == 0, "\(load.lastFailure ?? "")")
        #expect(await installation.processIDs() == processes)
        try await installation.checkReadings(of: load)
        try await installation.checkUsage()
        try await installation.checkAlerts(on: sensors, of: load)
        try await eventually(within: .seconds(120)) {
            try await installation.client.get("/api/v1/system/health").status == 200
        }
        await installation.stack.stop()
    }
}
