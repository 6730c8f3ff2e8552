import Redis
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("Gateways beside each other")
struct SharedGatewaysTests {
    @Test("Overloaded by one address, two gateways admit together what one would, and not 5 % more")
    func together() async throws {
        let redis = try RedisConfiguration(url: await TestServers.shared().newRedisURL())
        // So slow that a bucket is not full again, and what comes back lost, while a busy machine does not ask for two
        // seconds. So long that what they have yet to hear of each other at the end is little beside all that they let pass.
        let limit = RateLimit(rate: 5, burst: 10)
        try await RawServer.with(RawServer.echo) { server in
            var configuration = try TestFile(port: server.port).load()
            configuration.limits.address = limit
            let shared = configuration
            try await TestGateway.with(shared, redis: redis) { first in
                try await TestGateway.with(shared, redis: redis) { second in
                    try await RedisClient(redis).withConnection { connection in
                        try await eventually {
                            try await connection.send(RedisCommand("ZCARD", "lms:gateways")).integer == 2
                        }
                    }
                    let (allowed, sent, elapsed) = try await Self.overload([first, second], for: .seconds(24))
                    let wanted = limit.burst + limit.rate * elapsed
                    try #require(Double(sent) > 1.5 * wanted)
                    // On a machine with much else to do they hear of each other late, which makes them careful. How near
                    // they come where they do not is held by a simulation.
                    #expect((wanted * 0.8...wanted * 1.05).contains(Double(allowed)), "\(allowed) for \(wanted)")
                }
            }
        }
    }

    /// Sends far more than is allowed on four connections to each gateway.
    ///
    /// - Returns: how many requests were allowed of those sent, and in how many seconds.
    private static func overload(
        _ gateways: [TestGateway], for duration: Duration
    ) async throws -> (allowed: Int, sent: Int, seconds: Double) {
        let start = ContinuousClock.now
        let end = start.advanced(by: duration)
        let statuses = try await withThrowingTaskGroup(of: [Int].self) { tasks in
            for gateway in gateways {
                for _ in 0..<4 {
                    tasks.addTask {
                        try await gateway.connect { connection in
                            var statuses: [Int] = []
                            while ContinuousClock.now < end {
                                try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                                statuses.append(try await connection.message().status)
                                // The pace of the load: at most 200 requests a second on each connection.
                                try await Task.sleep(for: .milliseconds(5))
                            }
                            return statuses
                        }
                    }
                }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
        #expect(statuses.allSatisfy { [200, 429].contains($0) })
        return (statuses.count { $0 == 200 }, statuses.count, start.duration(to: .now) / .seconds(1))
    }

    @Test("Without its Redis a gateway serves, and limits by itself")
    func alone() async throws {
        try await RawServer.with(RawServer.echo) { server in
            var file = TestFile(port: server.port)
            file.limits.address = 3
            file.limitRate = 0.01
            let nowhere = RedisConfiguration(host: "127.0.0.1", port: 1)
            try await TestGateway.with(file.load(), redis: nowhere) { gateway in
                var statuses: [Int] = []
                for _ in 0..<4 { statuses.append(try await gateway.get("/items/1").status) }
                #expect(statuses == [200, 200, 200, 429])
            }
        }
    }

    @Test("An address has so many connections; one more is closed before anything is read")
    func connections() async throws {
        var file = TestFile(port: 1)
        file.clients = "  connections_per_address: 2"
        try await TestGateway.with(file.load()) { gateway in
            func isServed(_ connection: inout RawConnection) async throws -> Bool {
                try await connection.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                return try await connection.message().status == 200
            }
            try await gateway.connect { first in
                #expect(try await isServed(&first))
                try await gateway.connect { second in
                    #expect(try await isServed(&second))
                    try await gateway.connect { third in
                        // Closed or reset; in neither case is there an answer.
                        let text = try? await third.readToEnd()
                        #expect(text ?? "" == "")
                    }
                    #expect(try await isServed(&first))
                }
                try await eventually { try await gateway.connect { try await isServed(&$0) } }
            }
        }
    }
}
