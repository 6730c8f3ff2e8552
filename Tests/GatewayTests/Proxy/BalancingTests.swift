import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import Gateway

@Suite("Copies of a service that fail")
struct BalancingTests {
    private static let get = "GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n"

    /// Runs `body` with a gateway of one event loop before two copies.
    private static func with(
        _ one: TestCopy, _ other: TestCopy, _ settings: String, checks: String = "  interval: 1h",
        _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { loop.shutdownGracefully { _ in } }
        try await TestCopy.withTwo(one, other) { ports in
            var file = TestFile(port: ports[0])
            file.upstream = ports
            file.health = checks
            file.settings = "upstream_defaults:\n" + settings
            try await TestGateway.with(file.load(), group: loop, body)
        }
    }

    /// The statuses of `count` requests, one after the other.
    private static func statuses(_ count: Int, _ gateway: TestGateway) async throws -> [Int] {
        try await gateway.connect { connection in
            var statuses: [Int] = []
            for _ in 0..<count {
                try await connection.send(get)
                statuses.append(try await connection.message().status)
            }
            return statuses
        }
    }

    private static func metric(_ name: String, _ gateway: TestGateway) async throws -> Int? {
        let services = try await gateway.get("/metrics.json").json("services") as? [String: [String: Any]]
        return services?["service"]?[name] as? Int
    }

    @Test("A copy that breaks connections is passed over after a few, and no request fails for it")
    func resets() async throws {
        let broken = TestCopy(.resets)
        let well = TestCopy()
        try await Self.with(broken, well, "  eject_after: 3\n  eject_time: 1h\n  eject_time_limit: 1h") { gateway in
            let statuses = try await Self.statuses(20, gateway)
            #expect(statuses == Array(repeating: 200, count: 20))
            #expect(broken.requests == 3)
            #expect(well.requests == 20)
            try await eventually { try await Self.metric("ejected", gateway) == 1 }
            #expect(try await Self.metric("ejections", gateway) == 1)
            #expect(try await Self.metric("retries", gateway) == 3)
        }
    }

    @Test("A copy that was passed over and works again gets requests again")
    func returns() async throws {
        let broken = TestCopy(.resets)
        let settings = "  eject_after: 1\n  eject_time: 100ms\n  eject_time_limit: 100ms\n  slow_start: 1ms"
        try await Self.with(broken, TestCopy(), settings) { gateway in
            try await eventually {
                _ = try await Self.statuses(2, gateway)
                return try await Self.metric("ejections", gateway) ?? 0 > 0
            }
            broken.behaviour = .answers(200)
            let before = broken.requests
            try await eventually {
                let seen = try await Self.statuses(2, gateway)
                #expect(seen == [200, 200])
                return broken.requests > before
            }
        }
    }

    @Test("Answers eject by their status", arguments: [(502, 3), (503, 10), (500, 10), (404, 10)])
    func statuses(status: Int, failures: Int) async throws {
        let failing = TestCopy(.answers(status))
        let settings = "  eject_after: 3\n  eject_time: 1h\n  eject_time_limit: 1h"
        try await Self.with(failing, TestCopy(), settings) { gateway in
            let statuses = try await Self.statuses(20, gateway)
            #expect(statuses.count { $0 == status } == failures)
            #expect(failing.requests == failures)
        }
    }

    @Test("Where all copies are passed over all are tried, so that an end of the outage is noticed at once")
    func allEjected() async throws {
        let copies = [TestCopy(.resets), TestCopy(.resets)]
        let settings = "  eject_after: 2\n  eject_time: 1h\n  eject_time_limit: 1h\n  eject_percent: 100"
        try await Self.with(copies[0], copies[1], settings) { gateway in
            // Each is tried on both copies.
            #expect(try await Self.statuses(2, gateway) == [503, 503])
            try await eventually { try await Self.metric("ejected", gateway) == 2 }
            for copy in copies { copy.behaviour = .answers(200) }
            #expect(try await Self.statuses(4, gateway) == [200, 200, 200, 200])
            #expect(copies.map(\.requests) == [4, 4])
        }
    }

    @Test("In an outage few requests are sent twice, and the others are told when to come again")
    func budget() async throws {
        let copies = [TestCopy(.resets), TestCopy(.resets)]
        let settings = "  eject_percent: 0\n  retry_percent: 20\n  retries_per_second: 1"
        try await Self.with(copies[0], copies[1], settings) { gateway in
            let start = ContinuousClock.now
            try await gateway.connect { connection in
                for _ in 0..<100 {
                    try await connection.send(Self.get)
                    let answer = try await connection.message()
                    #expect(answer.status == 503)
                    #expect(answer["retry-after"] == "1")
                }
            }
            let repeated = copies.map(\.requests).reduce(0, +) - 100
            // Ten are saved up, and one more comes each second.
            let seconds = Int((ContinuousClock.now - start).components.seconds)
            #expect((10...(11 + seconds)).contains(repeated))
            try await eventually { try await Self.metric("unrepeated", gateway) == 100 - repeated }
        }
    }

    @Test("More requests than a copy may have under way are refused at once, whatever loop they come by")
    func limit() async throws {
        let copies = [TestCopy(), TestCopy()]
        try await TestCopy.withTwo(copies[0], copies[1]) { ports in
            var file = TestFile(port: ports[0])
            file.upstream = ports
            file.settings = "upstream_defaults:\n  max_requests: 1"
            try await TestGateway.with(file.load()) { gateway in
                async let first = gateway.get("/items/held").status
                async let second = gateway.get("/items/held").status
                try await eventually { copies.map(\.requests) == [1, 1] }
                let refused = try await gateway.get("/items/3")
                #expect(refused.status == 503)
                #expect(refused["retry-after"] == "1")
                #expect(copies.map(\.requests) == [1, 1])
                try await eventually { try await Self.metric("overloads", gateway) == 1 }
                try await eventually { try await Self.metric("outstanding", gateway) == 2 }
                for copy in copies { copy.release() }
                #expect(try await [first, second] == [200, 200])
                try await eventually { try await gateway.get("/items/4").status == 200 }
                try await eventually { try await Self.metric("outstanding", gateway) == 0 }
            }
        }
    }

    @Test("A copy that says it is not ready gets nothing new, and finishes what is under way")
    func draining() async throws {
        let copies = [TestCopy(), TestCopy()]
        let checks = "  interval: 100ms\n  timeout: 5s"
        try await Self.with(copies[0], copies[1], "  slow_start: 1ms", checks: checks) { gateway in
            try await Self.withTunnel(gateway) { tunnel in
                // The tunnel is at one copy, so the request goes to the other, and only then are they even.
                try await gateway.connect { held in
                    let stopping = copies[0].requests == 0 ? copies[0] : copies[1]
                    let staying = stopping === copies[0] ? copies[1] : copies[0]
                    try await held.send("GET /items/held HTTP/1.1\r\nHost: lms\r\n\r\n")
                    try await eventually { stopping.requests == 1 }
                    try await Self.drain(stopping, gateway)
                    stopping.release()
                    #expect(try await held.message().status == 200)
                    try await eventually { stopping.connections == 0 }
                    let before = stopping.requests
                    stopping.isReady = true
                    try await eventually {
                        _ = try await Self.statuses(2, gateway)
                        return stopping.requests > before
                    }
                    // The tunnel outlives it that its copy stops.
                    try await Self.drain(staying, gateway)
                    try await tunnel.send("still")
                    #expect(String(buffer: try await tunnel.read(count: 5)) == "still")
                }
            }
        }
    }

    private static func withTunnel(
        _ gateway: TestGateway, _ body: (inout RawConnection) async throws -> Void
    ) async throws {
        try await gateway.connect { tunnel in
            try await tunnel.send("GET /ws HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            let answer = try await tunnel.read(through: "\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 101 "))
            try await body(&tunnel)
        }
    }

    /// Lets a copy say that it is not ready, and waits until it has but the one connection that is in use.
    private static func drain(_ copy: TestCopy, _ gateway: TestGateway) async throws {
        copy.isReady = false
        try await eventually {
            let before = copy.requests
            let statuses = try await statuses(4, gateway)
            return statuses == [200, 200, 200, 200] && copy.requests == before
        }
        try await eventually { copy.connections == 1 }
    }
}
