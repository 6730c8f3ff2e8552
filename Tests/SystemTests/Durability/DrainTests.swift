import LocalStack
import Testing

/// A process that is told to stop finishes what it has taken.
@Suite(.serialized) struct DrainTests {
    @Test func `copies of readings are stopped and started in the middle of a load, and no request notices`()
        async throws
    {
        let copies = try await Copies(of: .readings, in: SystemInstallation.start())
        let load = try await Load.run(of: copies.installation.owner()) { load in
            try await load.waitForProgress()
            for copy in copies.processes {
                // Told to stop, it ends by itself and is started again.
                await copy.kill(.terminate)
                try await copies.waitUntilAllAreReady()
                try await load.waitForProgress()
            }
        }
        #expect(load.unavailable == 0, "\(load.lastFailure ?? "")")
        try await copies.installation.checkReadings(of: load)
        try await copies.installation.checkUsage()
        await copies.stop()
    }

    @Test func `when the last copy of readings has stopped, all that it took is stored, published and counted`()
        async throws
    {
        let copies = try await Copies(of: .readings, in: SystemInstallation.start())
        let installation = copies.installation
        let load = try await Load.run(of: installation.owner()) { load in
            try await load.waitForProgress()
            for copy in copies.processes { await copy.stop() }
            try await load.waitForRefusals(by: load.devices.count)
            load.abandon()
        }
        // Nobody is left who could publish it later.
        #expect(try await installation.query("SELECT 1 FROM readings.batches").isEmpty)
        #expect(try await installation.query("SELECT 1 FROM core.outbox WHERE source = 'readings'").isEmpty)
        try await installation.checkReadings(of: load)
        try await installation.checkUsage()
        await copies.stop()
    }
}
