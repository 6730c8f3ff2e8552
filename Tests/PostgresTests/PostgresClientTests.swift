import FoundationEssentials
import Postgres
import TestKit
import Testing

struct PostgresClientTests {
    private func administrator<Result: Sendable>(
        _ body: @Sendable (PostgresClient) async throws -> Result
    ) async throws -> Result {
        try await withClient(TestServers.shared().administrator, body)
    }

    @Test func `every type goes there and back in binary`() async throws {
        try await administrator { client in
            let id = UUID()
            let time = Timestamp(microseconds: 1_795_462_020_123_456)
            let json = try JSONB(["a": [1, 2]])
            let row = try await client.query(
                """
                SELECT \(true), \(Int16.min), \(Int32.max), \(Int.min), \(-0.1), \("naïve ☕"), \(id), \(time), \(json),
                    \([UInt8]([0, 255])), \(Optional<String>.none)
                """)[0]
            let values = try row.decode(
                Bool.self, Int16.self, Int32.self, Int.self, Double.self, String.self, UUID.self, Timestamp.self,
                JSONB.self, [UInt8].self, String?.self)
            #expect(values.0 && values.1 == .min && values.2 == .max && values.3 == .min && values.4 == -0.1)
            #expect(values.5 == "naïve ☕" && values.6 == id && values.7 == time)
            let document = try values.8.decode([String: [Int]].self)
            #expect(document == ["a": [1, 2]])
            #expect(values.9 == [0, 255] && values.10 == nil)
        }
    }

    @Test func `arrays of every type go there and back, also with NULL and empty`() async throws {
        try await administrator { client in
            let ids = [UUID(), UUID()]
            let times = [Timestamp(microseconds: 0), Timestamp(microseconds: -1)]
            let row = try await client.query(
                """
                SELECT \([true, false]), \([1, -1]), \([Optional(1.5), nil]), \(["a", ""]), \(ids), \(times), \([Int16]()),
                    \([Optional("x"), nil]), \([[UInt8]([0, 255]), []])
                """)[0]
            let values = try row.decode(
                [Bool].self, [Int].self, [Double?].self, [String].self, [UUID].self, [Timestamp].self, [Int16].self,
                [String?].self, [[UInt8]].self)
            #expect(values.0 == [true, false] && values.1 == [1, -1] && values.2 == [1.5, nil])
            #expect(values.3 == ["a", ""] && values.4 == ids && values.5 == times && values.6 == [])
            #expect(values.7 == ["x", nil] && values.8 == [[0, 255], []])
        }
    }

    @Test func `a column of another type is an error, not a wrong value`() async throws {
        try await administrator { client in
            let row = try await client.query("SELECT \("text"), NULL::int8, 1::int8")[0]
            #expect(throws: DecodingFailure.self) { try row.decode(Int.self, at: 0) }
            #expect(throws: DecodingFailure.unexpectedNull) { try row.decode(Int.self, at: 1) }
            #expect(throws: DecodingFailure.self) { try row.decode(Int32.self, at: 2) }
            #expect(throws: DecodingFailure.noSuchColumn(3)) { try row.decode(Int.self, at: 3) }
        }
    }

    @Test func `an error names state, constraint and statement, and never a value`() async throws {
        try await administrator { client in
            let secret = "secret-value"
            let malformed = await #expect(throws: PostgresError.self) {
                _ = try await client.query("SELECT \(secret)::text::int8")
            }
            #expect(malformed?.sqlState?.rawValue == "22P02")
            #expect(malformed?.statement == "SELECT $1::text::int8")
            #expect(malformed.map { !"\($0)".contains(secret) } == true)
            let duplicate = await #expect(throws: PostgresError.self) {
                _ = try await client.batch([
                    "CREATE TEMP TABLE one (name text CONSTRAINT one_name UNIQUE)",
                    "INSERT INTO one VALUES (\(secret)), (\(secret))",
                ])
            }
            #expect(duplicate?.sqlState == .uniqueViolation)
            #expect(duplicate?.constraint == "one_name")
            #expect(duplicate.map { !"\($0)".contains(secret) } == true)
        }
    }

    @Test func `the statements of a batch take effect together or not at all`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                _ = try await client.query("CREATE TABLE things (id int8 PRIMARY KEY)")
                await #expect(throws: PostgresError.self) {
                    _ = try await client.batch([
                        "INSERT INTO things VALUES (1)", "INSERT INTO things VALUES (1)",
                    ])
                }
                let none = try await client.query("SELECT 1 FROM things")
                #expect(none.isEmpty)
                let rows = try await client.batch(["INSERT INTO things VALUES (1), (2)", "SELECT id FROM things"])
                #expect(rows[0].affectedRows == 2 && rows[1].count == 2)
            }
        }
    }

    @Test func `a failed statement does not touch its neighbours in the pipeline`() async throws {
        try await administrator { client in
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        do {
                            let row = try await client.query("SELECT 10 / \(number % 2), \(number)")[0]
                            return try row.decode(Int.self, Int.self).1 == number && number % 2 == 1
                        } catch {
                            return number % 2 == 0
                        }
                    }
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `a transaction commits when its body returns and rolls back when it throws`() async throws {
        struct Change: Error {}
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                _ = try await client.query("CREATE TABLE things (id int8 PRIMARY KEY)")
                try await client.withTransaction { _ = try await $0.query("INSERT INTO things VALUES (1)") }
                await #expect(throws: Change.self) {
                    try await client.withTransaction { transaction in
                        try await transaction.query("INSERT INTO things VALUES (2)")
                        throw Change()
                    }
                }
                await #expect(throws: PostgresError.self) {
                    try await client.withTransaction { transaction in
                        try await transaction.query("INSERT INTO things VALUES (3)")
                        _ = try? await transaction.query("INSERT INTO things VALUES (1)")
                    }
                }
                let ids = try await client.query("SELECT id FROM things").map { try $0.decode(Int.self, at: 0) }
                #expect(ids == [1])
            }
        }
    }

    @Test func `the connection of a failed transaction is as good as new for its next user`() async throws {
        var configuration = try await TestServers.shared().administrator
        configuration.maximumLeases = 1
        try await withClient(configuration) { client in
            for _ in 0..<3 {
                await #expect(throws: PostgresError.self) {
                    try await client.withTransaction { _ = try await $0.query("SELECT 1 / 0") }
                }
                let one = try await client.withTransaction {
                    try await $0.query("SELECT 1::int8")[0].decode(Int.self, at: 0)
                }
                #expect(one == 1)
            }
        }
    }

    @Test func `cancelling the task cancels a leased query on the server, and the connection is leased again`()
        async throws
    {
        var configuration = try await TestServers.shared().administrator
        configuration.maximumLeases = 1
        try await withClient(configuration) { client in
            let process = {
                try await client.withTransaction {
                    try await $0.query("SELECT pg_backend_pid()")[0].decode(Int32.self, at: 0)
                }
            }
            let leased = try await process()
            let start = ContinuousClock.now
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: (any Error).self) {
                        try await client.withTransaction { _ = try await $0.query("SELECT pg_sleep(60)") }
                    }
                }
                try? await eventually {
                    try await client.query(
                        "SELECT 1 FROM pg_stat_activity WHERE pid = \(leased) AND query = 'SELECT pg_sleep(60)'"
                    ).count > 0
                }
                group.cancelAll()
            }
            #expect(start.duration(to: .now) < .seconds(20))
            #expect(try await process() == leased)
        }
    }

    @Test func `waiting for a lease ends with an error when none comes free`() async throws {
        var configuration = try await TestServers.shared().administrator
        configuration.maximumLeases = 1
        configuration.acquireTimeout = .seconds(1)
        try await withClient(configuration) { client in
            try await client.withTransaction { transaction in
                try await transaction.query("SELECT 1")
                let error = await #expect(throws: PostgresError.self) {
                    try await client.withTransaction { _ = try await $0.query("SELECT 2") }
                }
                #expect(error?.kind == .unavailable)
            }
        }
    }

    @Test func `a server that is away is an error at once, without the password`() async throws {
        let configuration = try PostgresConfiguration(url: "postgres://somebody:hunter2@127.0.0.1:1/nowhere")
        try await withClient(configuration) { client in
            let error = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
            #expect(error?.kind == .unavailable)
            #expect(error.map { !"\($0)".contains("hunter2") } == true)
        }
        #expect(!"\(configuration)".contains("hunter2"))
    }

    @Test func `a terminated connection is replaced by itself`() async throws {
        try await administrator { client in
            let error = await #expect(throws: PostgresError.self) {
                _ = try await client.query("SELECT pg_terminate_backend(pg_backend_pid())")
            }
            #expect(error?.isUnavailability == true)
            try await eventually { try await client.query("SELECT 1").count == 1 }
        }
    }
}
