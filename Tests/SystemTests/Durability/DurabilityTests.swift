import LocalStack
import TestKit
import Testing

/// A reading that was answered 201 is in the table, once, whatever becomes of the servers, and what follows from it is
/// counted and told of once.
@Suite(.serialized) struct DurabilityTests {
    @Test func `readings and then PostgreSQL are killed in the middle of a load, and nothing acknowledged is missing`()
        async throws
    {
        let installation = try await SystemInstallation.start()
        let readings = try #require(installation.stack.services[.readings])
        let postgres = try #require(installation.stack.servers.first)
        let load = try await Load.run(of: installation.owner()) { load in
            try await load.waitForProgress()
            await readings.kill()
            try await load.waitForProgress()
            await postgres.kill()
            try await load.waitForProgress()
        }
        #expect(load.unavailable > 0)
        try await installation.checkReadings(of: load)
        try await installation.checkUsage()
        await installation.stack.stop()
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
        #expect(load.unavailable == 0)
        #expect(await installation.processIDs() == processes)
        try await installation.checkReadings(of: load)
        try await installation.checkUsage()
        try await installation.checkAlerts(on: sensors, of: load)
        try await eventually(within: .seconds(30)) {
            try await installation.client.get("/api/v1/system/health").status == 200
        }
        await installation.stack.stop()
    }
}

extension Owner {
    /// An alert for every reading of `sensor` on any device.
    fileprivate func rule(on sensor: String) async throws {
        let response = try await api.post(
            "/api/v1/alerts/rules",
            [
                "name": .string(sensor), "scope": ["all": true], "kind": "threshold", "sensor_type": .string(sensor),
                "condition": "gt", "threshold_value": 0, "severity": "low",
            ])
        guard response.status == 201 else { throw UnexpectedAnswer(response: response) }
    }
}

extension SystemInstallation {
    /// The processes of the services, to see that none was started again.
    fileprivate func processIDs() async -> [Component: Int32] {
        var ids: [Component: Int32] = [:]
        for (component, process) in stack.services { ids[component] = await process.processID }
        return ids
    }
}
