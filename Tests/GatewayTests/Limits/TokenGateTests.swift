import Foundation
import Identity
import Redis
import TestKit
import Testing

@testable import Gateway

@Suite("Tokens at the edge")
struct TokenGateTests {
    @Test("What every service refuses is refused before one sees it, in their words")
    func refused() async throws {
        try await IssuingServer.with { server in
            try await TestGateway.with(server.file().load()) { gateway in
                try await gateway.knowsKeys(of: server)
                let fields = [
                    ("Authorization: Bearer \(try await server.forged())", "The credentials are not valid."),
                    ("X-API-Key: \(try await server.forged())", "The credentials are not valid."),
                    ("Authorization: bearer  \(try await server.token(lifetime: -1))", "The credentials have expired."),
                    ("Authorization: Bearer not-a-token", "The credentials are malformed."),
                    ("Authorization: Bearer two words", "The credentials are malformed."),
                    ("Authorization: Basic YTpi", "The credentials are malformed."),
                    ("Authorization: Bearer lms_dev_short", "The credentials are malformed."),
                    ("X-API-Key: lms_pat_short", "The credentials are malformed."),
                ]
                // Twice: the second time it is known what to think of them.
                for (field, detail) in fields + fields {
                    let answer = try await gateway.get("/items/1", field)
                    #expect(answer.status == 401, "\(field)")
                    #expect(answer["content-type"] == "application/problem+json")
                    #expect(answer["www-authenticate"] == "Bearer error=\"invalid_token\"")
                    #expect(try answer.json("detail") as? String == detail, "\(field)")
                    #expect(try answer.json("title") as? String == "Unauthorized")
                }
                #expect(server.requests(for: "/items/1") == 0)
            }
        }
    }

    @Test("Good tokens pass, and so does what only services can tell")
    func passed() async throws {
        try await IssuingServer.with { server in
            try await TestGateway.with(server.file().load()) { gateway in
                try await gateway.knowsKeys(of: server)
                let good = try await server.token()
                let fields = [
                    "Authorization: Bearer \(good)", "Authorization: BEARER   \(good)", "X-API-Key: \(good)",
                    "X-API-Key: \(SecretToken(.deviceKey).secret)",
                    "Authorization: Bearer \(SecretToken(.personalAccess).secret)",
                    "Cookie: session_token=\(try await server.forged())",
                ]
                for field in fields { #expect(try await gateway.get("/items/1", field).status == 200, "\(field)") }
                #expect(server.requests(for: "/items/1") == fields.count)
            }
        }
    }

    @Test("Where credentials do not matter, a bad token does not either")
    func unchecked() async throws {
        try await IssuingServer.with { server in
            try await TestGateway.with(server.file().load()) { gateway in
                try await gateway.knowsKeys(of: server)
                let forged = try await server.forged()
                #expect(try await gateway.get("/open", bearer: forged).status == 200)
                #expect(try await gateway.get("/login", bearer: forged).status == 200)
                let path = "/api/v1/\(SecretToken(.deviceKey).secret)/telemetry"
                #expect(try await gateway.get(path, bearer: forged).status == 200)
            }
        }
    }

    @Test("While the keys cannot be had, services decide")
    func keysAway() async throws {
        try await IssuingServer.with(publishes: false) { server in
            try await TestGateway.with(server.file().load()) { gateway in
                try await eventually { server.requests(for: "/.well-known/jwks.json") > 0 }
                #expect(try await gateway.get("/items/1", bearer: server.token()).status == 200)
                #expect(try await gateway.get("/items/1", bearer: server.forged()).status == 200)
                #expect(server.requests(for: "/items/1") == 2)
            }
        }
    }

    @Test("A token whose key is not known yet goes to its service, and the issuer is asked once a second at most")
    func newKey() async throws {
        try await IssuingServer.with { server in
            try await TestGateway.with(server.file().load()) { gateway in
                try await gateway.knowsKeys(of: server)
                let signer = try await TokenSigner(key: SigningKey())
                let claims = try TestIssuer.claims(of: try await server.token())
                let start = ContinuousClock.now
                func fetches() -> Int { server.requests(for: "/.well-known/jwks.json") }
                let before = fetches()
                // They come before a fetch, during one, and right after it.
                var sent = 0
                while fetches() - before < 2 || sent < 20 {
                    let token = try await signer.sign(claims)
                    for _ in 0..<2 {
                        #expect(try await gateway.get("/items/1", bearer: token).status == 200)
                        sent += 1
                    }
                    try #require(start.duration(to: .now) < .seconds(60))
                }
                #expect(server.requests(for: "/items/1") == sent)
                #expect(fetches() - before <= Int(start.duration(to: .now) / .seconds(1)) + 1)
            }
        }
    }

    @Test("Another copy of the issuer is asked for the keys where the first does not give them")
    func secondCopy() async throws {
        try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                let status = request.startLine.contains("jwks.json") ? "500 No" : "200 OK"
                try await connection.send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            }
        } _: { keyless in
            try await IssuingServer.with { server in
                var file = server.file()
                file.upstream = [keyless.port, server.port]
                try await TestGateway.with(file.load()) { gateway in try await gateway.knowsKeys(of: server) }
            }
        }
    }

    @Test("Bad tokens use up their address, and nobody's whose token is good and known")
    func flood() async throws {
        try await IssuingServer.with { server in
            var configuration = try server.file().load()
            // Whoever waits for the keys uses the address up, too; it fills again within seconds.
            configuration.limits.address = RateLimit(rate: 1, burst: 20)
            let limited = configuration
            try await TestGateway.with(limited) { gateway in
                try await gateway.knowsKeys(of: server)
                let good = try await server.token()
                try await eventually { try await gateway.get("/items/1", bearer: good).status == 200 }
                var statuses: Set<Int> = []
                for _ in 0..<200 where !statuses.contains(429) {
                    let answer = try await gateway.get("/items/2", bearer: server.forged())
                    statuses.insert(answer.status)
                    if answer.status == 429 {
                        #expect(answer["retry-after"] == "1")
                        #expect(answer["ratelimit-limit"] == "20")
                    }
                }
                #expect(statuses.contains(429))
                #expect(statuses.isSubset(of: [401, 429]))
                #expect(server.requests(for: "/items/2") == 0)
                #expect(try await gateway.get("/items/1", bearer: good).status == 200)
            }
        }
    }

    @Test("The tokens of one user are limited together, and so are the users of an organization")
    func principals() async throws {
        try await IssuingServer.with { server in
            var configuration = try server.file().load()
            configuration.limits.principal = RateLimit(rate: 0.001, burst: 3)
            configuration.limits.organization = RateLimit(rate: 0.001, burst: 5)
            let limited = configuration
            try await TestGateway.with(limited) { gateway in
                try await gateway.knowsKeys(of: server)
                let organization = UUID.v7()
                func statuses(_ user: UUID, _ count: Int) async throws -> [Int] {
                    var statuses: [Int] = []
                    for _ in 0..<count {
                        // Each time another token.
                        let token = try await server.issuer.token(for: user, in: organization, as: .member)
                        statuses.append(try await gateway.get("/items/1", bearer: token).status)
                    }
                    return statuses
                }
                #expect(try await statuses(.v7(), 4) == [200, 200, 200, 429])
                #expect(try await statuses(.v7(), 3) == [200, 200, 429])
                #expect(try await gateway.get("/items/1", bearer: server.token()).status == 200)
            }
        }
    }

    @Test("What is announced as revoked is refused here, too")
    func revoked() async throws {
        let redis = try RedisConfiguration(url: await TestServers.shared().newRedisURL())
        try await IssuingServer.with { server in
            try await TestGateway.with(server.file().load(), redis: redis) { gateway in
                try await gateway.knowsKeys(of: server)
                let token = try await server.token()
                #expect(try await gateway.get("/items/1", bearer: token).status == 200)
                let session = try TestIssuer.claims(of: token).sid
                let revocation = try JSONEncoder().encode(Revocation(.session(session), at: Date(), lifetime: 900))
                try await RedisClient(redis).withConnection { connection in
                    try await eventually {
                        // Again and again, since nobody may have listened yet.
                        try await connection.publish(Array(revocation), to: Revocation.channel)
                        return try await gateway.get("/items/1", bearer: token).status == 401
                    }
                }
                let answer = try await gateway.get("/items/1", bearer: token)
                #expect(try answer.json("detail") as? String == "The credentials have been revoked.")
            }
        }
    }

    @Test("The table remembers so many tokens, those used last, each until its end")
    func table() {
        var table = TokenTable(capacity: 64)
        for key in UInt64(0)..<100_000 { table.insert(.refused(.invalid), for: key << 32 | key, until: 10) }
        #expect(table.count == 64)
        let last = UInt64(99_999) << 32 | 99_999
        #expect(table.finding(for: last, at: 9) != nil)
        #expect(table.finding(for: last, at: 10) == nil)
        #expect(table.finding(for: 0, at: 9) == nil)
    }
}
