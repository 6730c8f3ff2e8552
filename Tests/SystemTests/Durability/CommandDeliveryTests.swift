import Foundation
import LocalStack
import NIOHTTP1
import TestKit
import Testing

/// Devices poll any copy of their service, and lose no command when one dies.
@Suite(.serialized) struct CommandDeliveryTests {
    @Test func `a command that one copy takes wakes the poll that waits at the other`() async throws {
        let copies = try await Copies(of: .devices, in: SystemInstallation.start())
        let owner = try await copies.installation.owner()
        for number in 0..<8 {
            let device = try await owner.device("d\(number)")
            let asked = copies.client(number % 2, device.api.headers)
            let told = copies.client((number + 1) % 2, owner.api.headers)
            async let answer = asked.get("\(device.path)/commands?wait=30")
            // A poll is a sign of life.
            try await eventually { try await owner.api.get("\(device.path)/status").json["status"] == "online" }
            let given = try await told.post("\(device.path)/commands", ["command_type": "ping"])
            let start = ContinuousClock.now
            #expect(given.status == 201, "\(given)")
            let taken = try await answer
            #expect(taken.json["items"][0]["id"] == given.json["id"], "\(taken)")
            // Without the message between the copies it may take three seconds.
            #expect(ContinuousClock.now - start < .seconds(2))
        }
        await copies.stop()
    }

    @Test func `copies are killed while polls wait and commands are given, and each command is carried out once`()
        async throws
    {
        let copies = try await Copies(of: .devices, in: SystemInstallation.start())
        let load = try await CommandLoad.run(on: copies) { load in
            try await load.waitForProgress()
            for copy in copies.processes + copies.processes {
                // It ends at once and is started again.
                await copy.kill()
                try await load.waitForProgress()
                try await copies.waitUntilAllAreReady()
                try await load.waitForProgress()
            }
        }
        #expect(load.interruptions > 0)
        #expect(load.takenAgain.isEmpty, "handed out again within the lease")
        try await copies.installation.checkCommands(of: load)
        await copies.stop()
    }
}

extension Copies {
    /// A client of one copy, past the gateway.
    fileprivate func client(_ copy: Int, _ headers: HTTPHeaders) -> TestHTTPClient {
        var client = TestHTTPClient(port: ports[copy])
        client.headers = headers
        return client
    }
}

extension SystemInstallation {
    /// Compares what was answered with the table: there is every command that was given, and no other, each with its one
    /// result.
    fileprivate func checkCommands(of load: CommandLoad) async throws {
        let rows = try await query("SELECT id::text, status, deliveries FROM devices.commands")
        var stored: Set<String> = []
        for row in rows {
            let (id, status, deliveries) = try row.decode(String.self, String.self, Int32.self)
            stored.insert(id)
            #expect(status == "succeeded" && deliveries >= 1, "\(id): \(status) after \(deliveries) deliveries")
        }
        #expect(stored == load.given)
        let results = try await query(
            "SELECT data ->> 'id' FROM core.events WHERE event_type = 'command.succeeded'"
        ).map { try $0.decode(String.self, at: 0) }
        #expect(results.sorted() == stored.sorted(), "the results that were counted")
    }
}
