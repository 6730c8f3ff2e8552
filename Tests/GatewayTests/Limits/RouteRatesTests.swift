import TestKit
import Testing

@testable import Gateway

@Suite("Rates of routes")
struct RouteRatesTests {
    private static func file(port: Int, limit: String = "general") -> TestFile {
        var file = TestFile(port: port)
        file.routes = """
              - path: /exports
                upstream: service
                limit: \(limit)
                rate: {rate: 0.01, burst: 2}
              - path: /reports
                upstream: service
                rate: {rate: 0.0001, burst: 1}
            """
        return file
    }

    private static func statuses(_ paths: [String], key: String? = nil, _ gateway: TestGateway) async throws -> [Int] {
        var statuses: [Int] = []
        for path in paths {
            let field = key.map { "X-API-Key: lms_dev_\($0)\r\n" } ?? ""
            statuses.append(try await gateway.request("GET \(path) HTTP/1.1\r\nHost: lms\r\n\(field)\r\n").status)
        }
        return statuses
    }

    @Test("Each caller has them by itself, and each route; other routes have their limits as before")
    func callers() async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(Self.file(port: server.port).load()) { gateway in
                let paths = ["/exports", "/exports", "/exports", "/reports", "/reports", "/items/1"]
                let expected = [200, 200, 429, 200, 429, 200]
                for key in [String(repeating: "a", count: 43), String(repeating: "b", count: 43), nil] {
                    let statuses = try await Self.statuses(paths, key: key, gateway)
                    #expect(statuses == expected)
                }
            }
        }
    }

    @Test("A credential that nobody has accepted gains nothing, and a request that is refused uses up nothing else")
    func unproven() async throws {
        try await RawServer.with { connection, _ in
            while true {
                _ = try await connection.message()
                try await connection.send("HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n")
            }
        } _: { server in
            var file = Self.file(port: server.port)
            file.limits.address = 20
            file.limitRate = 0.01
            try await TestGateway.with(file.load()) { gateway in
                func statuses(_ path: String, _ keys: [String]) async throws -> [Int] {
                    var statuses: [Int] = []
                    for key in keys { statuses += try await Self.statuses([path], key: key, gateway) }
                    return statuses
                }
                let bad = try await statuses("/reports", (0..<20).map { "bad\($0)" })
                #expect(bad == Array(repeating: 401, count: 16) + Array(repeating: 429, count: 4))
                // Sixteen of the twenty that the address had are gone.
                let others = try await statuses("/items/1", (20..<25).map { "bad\($0)" })
                #expect(others == [401, 401, 401, 401, 429])
            }
        }
    }

    @Test(
        "Where routes are limited by address, or not at all, the address is the caller", arguments: ["address", "none"])
    func addresses(limit: String) async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(Self.file(port: server.port, limit: limit).load()) { gateway in
                for (key, statuses) in [("a", [200]), ("b", [200]), ("c", [429])] {
                    let key = String(repeating: key, count: 43)
                    let seen = try await Self.statuses(["/exports"], key: key, gateway)
                    #expect(seen == statuses)
                }
            }
        }
    }

    @Test("The limit that ends first is told, and when to come back")
    func fields() async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(Self.file(port: server.port).load()) { gateway in
                let first = try await gateway.get("/exports")
                #expect(first["ratelimit-limit"] == "2" && first["ratelimit-remaining"] == "1")
                _ = try await gateway.get("/exports")
                let refused = try await gateway.get("/exports")
                #expect(refused.status == 429)
                // A token comes back in a hundred seconds.
                #expect((90...100).contains(Int(refused["retry-after"] ?? "") ?? 0))
            }
        }
    }

    @Test("Many new callers of one address get their first requests through, as what they prove comes back")
    func newcomers() async throws {
        try await RawServer.with(RawServer.echo) { server in
            try await TestGateway.with(Self.file(port: server.port).load()) { gateway in
                for caller in 0..<40 {
                    let seen = try await Self.statuses(["/reports", "/reports"], key: "caller\(caller)", gateway)
                    #expect(seen == [200, 429])
                }
            }
        }
    }

    @Test("What a bucket of its own holds is not that of the others of its table")
    func own() {
        var table = BucketTable(RateLimit(rate: 1, burst: 100), capacity: 64)
        let own = RateLimit(rate: 2, burst: 300)
        #expect(table.take(1, now: 0, limit: own).decision.remaining == 299)
        #expect(table.take(2, now: 0).decision.remaining == 99)
        for _ in 0..<299 { _ = table.take(1, now: 0, limit: own) }
        let refused = table.take(1, now: 0, limit: own).decision
        #expect(!refused.isAllowed && refused.reset == 150)
        // A new one holds from then on.
        #expect(table.take(1, now: 1_000_000_000, limit: RateLimit(rate: 1, burst: 1)).decision.limit == 1)
    }
}
