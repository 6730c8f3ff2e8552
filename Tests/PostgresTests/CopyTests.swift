import Foundation
import Postgres
import TestKit
import Testing

struct CopyTests {
    private func withTable(_ body: @Sendable (PostgresClient) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                _ = try await client.query("CREATE TABLE numbers (n int8 PRIMARY KEY)")
                try await body(client)
            }
        }
    }

    private func chunks(_ numbers: Range<Int>) -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            for number in numbers { continuation.yield(Array("\(number)\n".utf8)) }
            continuation.finish()
        }
    }

    @Test func `what is copied in can be copied out, and the connection used on`() async throws {
        try await withTable { client in
            let copied = try await client.withTransaction { transaction in
                let copied = try await transaction.copyIn("COPY numbers FROM STDIN", chunks(0..<50_000))
                let count = try await transaction.query("SELECT count(*) FROM numbers")[0].decode(Int.self, at: 0)
                #expect(count == copied)
                return copied
            }
            #expect(copied == 50_000)
            let bytes = try await client.withTransaction { transaction in
                try await transaction.copyOut("COPY numbers TO STDOUT") { output in
                    try await output.reduce(0) { $0 + $1.count }
                }
            }
            #expect(bytes == (0..<50_000).reduce(0) { $0 + "\($1)\n".utf8.count })
        }
    }

    @Test func `values stand in the statement as they are, whatever is in them`() async throws {
        try await withTable { client in
            let texts = ["", "it's", #"back\slash"#, "'); DROP TABLE numbers; --", "$1", "{a,\"b\"}", "é\n\t"]
            let time = Timestamp(microseconds: 1_795_462_020_123_456)
            let id = UUID()
            let lines = try await client.withTransaction { transaction in
                try await transaction.copyOut(
                    """
                    COPY (SELECT encode(convert_to(text, 'UTF8'), 'hex') FROM unnest(\(texts)) AS text
                          WHERE \(time) = timestamptz '2026-11-23 21:27:00.123456+02' AND \(id) = ANY(\([id]))
                              AND \(nil as Double?) IS NULL AND \(0.1 + 0.2) = 0.1::float8 + 0.2::float8) TO STDOUT
                    """
                ) { output in
                    String(decoding: try await output.reduce(into: [UInt8]()) { $0 += $1 }, as: UTF8.self)
                }
            }
            let hex = texts.map { $0.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
            #expect(lines == hex.map { $0 + "\n" }.joined())
            #expect(try await client.query("SELECT n FROM numbers").isEmpty)
        }
    }

    @Test func `a statement that is refused is told without its values`() async throws {
        try await withTable { client in
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction {
                    try await $0.copyOut("COPY (SELECT \("secret") FROM nowhere) TO STDOUT") { _ in }
                }
            }
            #expect(error?.sqlState == .undefinedTable)
            #expect(error?.statement == "COPY (SELECT $1 FROM nowhere) TO STDOUT")
        }
    }

    @Test func `a reader may stop early, and what came before stays`() async throws {
        try await withTable { client in
            try await client.withTransaction { transaction in
                try await transaction.query("INSERT INTO numbers VALUES (1)")
                let first = try await transaction.copyOut(
                    "COPY (SELECT generate_series(1, 100000000)) TO STDOUT"
                ) { output in
                    for try await chunk in output { return chunk.count }
                    return 0
                }
                #expect(first > 0)
                try await transaction.query("INSERT INTO numbers VALUES (2)")
            }
            #expect(try await client.query("SELECT n FROM numbers").count == 2)
        }
    }

    @Test func `rows in the binary format arrive as they are`() async throws {
        try await withTable { client in
            let time = Timestamp(microseconds: 1_795_737_600_123_456)
            var rows = CopyRows(capacity: 0)
            for number in Int64(0)..<1000 {
                rows.beginRow(columns: 6)
                rows.append(number)
                rows.append(Int16(number % 2 == 0 ? -3 : 3))
                rows.append(time)
                rows.append(number == 7 ? nil : Double(number) / 3)
                rows.append(number == 7 ? "sieben \u{1F34B}" : nil)
                rows.append(number == 7 ? JSONB(bytes: Array(#"{"a": 1}"#.utf8)) : nil)
            }
            let found = try await client.withTransaction { transaction in
                try await transaction.query(
                    """
                    CREATE TEMPORARY TABLE copied (
                        number bigint, sign smallint, time timestamptz, value double precision, text text, document jsonb)
                    """)
                #expect(try await transaction.copyIn("COPY copied FROM STDIN (FORMAT binary)", rows) == 1000)
                return try await transaction.query("SELECT * FROM copied ORDER BY number")
            }
            for (index, row) in found.enumerated() {
                let (number, sign, at, value, text, document) = try row.decode(
                    Int64.self, Int16.self, Timestamp.self, Double?.self, String?.self, JSONB?.self)
                #expect(number == index && sign == (index % 2 == 0 ? -3 : 3) && at == time)
                #expect(value == (index == 7 ? nil : Double(index) / 3))
                #expect(text == (index == 7 ? "sieben \u{1F34B}" : nil))
                #expect(document == (index == 7 ? JSONB(bytes: Array(#"{"a": 1}"#.utf8)) : nil))
            }
            #expect(found.count == 1000)
        }
    }

    @Test func `refused data fails the copy and leaves nothing`() async throws {
        try await withTable { client in
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { transaction in
                    _ = try await transaction.copyIn(
                        "COPY numbers FROM STDIN",
                        AsyncStream {
                            $0.yield(Array("1\nnot a number\n".utf8))
                            $0.finish()
                        })
                }
            }
            #expect(error?.sqlState?.conditionClass == "22")
            let numbers = try await client.query("SELECT n FROM numbers")
            #expect(numbers.isEmpty)
        }
    }

    @Test func `a source that fails leaves nothing and the connection usable`() async throws {
        struct Broken: Error {}
        try await withTable { client in
            await #expect(throws: Broken.self) {
                try await client.withTransaction { transaction in
                    let source = AsyncThrowingStream<[UInt8], any Error> { continuation in
                        continuation.yield(Array("1\n".utf8))
                        continuation.finish(throwing: Broken())
                    }
                    _ = try await transaction.copyIn("COPY numbers FROM STDIN", source)
                }
            }
            let numbers = try await client.withTransaction { try await $0.query("SELECT n FROM numbers") }
            #expect(numbers.isEmpty)
        }
    }

    @Test func `a script runs its statements in the transaction`() async throws {
        try await withTable { client in
            await #expect(throws: PostgresError.self) {
                try await client.withTransaction { transaction in
                    try await transaction.run(script: "INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (1);")
                }
            }
            let numbers = try await client.query("SELECT n FROM numbers")
            #expect(numbers.isEmpty)
            try await client.withTransaction { transaction in
                try await transaction.run(script: "INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2);")
            }
            let both = try await client.query("SELECT n FROM numbers")
            #expect(both.count == 2)
        }
    }

    // MARK: Servers that stand still or go

    @Test func `a copy that the server leaves off in the middle is an error in time`() async throws {
        let servers = try await TestServers.start()
        let postgres = try #require(servers.postgres)
        var configuration = servers.administrator
        configuration.requestTimeout = .seconds(1)
        try await withClient(configuration) { client in
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { transaction in
                    try await transaction.copyOut(
                        "COPY (SELECT generate_series(1, 100000000)) TO STDOUT"
                    ) { output in
                        var chunks = output.makeAsyncIterator()
                        _ = try await chunks.next()
                        try await postgres.whileFrozen {
                            while try await chunks.next() != nil {}
                        }
                    }
                }
            }
            #expect(error?.kind == .timedOut)
            try await eventually { (try? await client.query("SELECT 1"))?.count == 1 }
        }
        await servers.stop()
    }

    @Test func `a copy and a script that wait for a lock give up in time`() async throws {
        try await withTable { client in
            var hasty = client.configuration
            hasty.requestTimeout = .milliseconds(500)
            try await withClient(hasty) { hasty in
                try await client.withTransaction { holder in
                    try await holder.query("LOCK TABLE numbers")
                    let copy = await #expect(throws: PostgresError.self) {
                        try await hasty.withTransaction {
                            _ = try await $0.copyIn("COPY numbers FROM STDIN", chunks(0..<1))
                        }
                    }
                    #expect(copy?.kind == .timedOut)
                    let script = await #expect(throws: PostgresError.self) {
                        try await hasty.run(statement: "TRUNCATE numbers")
                    }
                    #expect(script?.kind == .timedOut)
                }
            }
        }
    }

    @Test func `a connection that breaks within a copy is an error`() async throws {
        try await withTable { client in
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { transaction in
                    let process = try await transaction.query("SELECT pg_backend_pid()")[0].decode(Int32.self, at: 0)
                    let endless = AsyncThrowingStream<[UInt8], any Error> {
                        _ = try await client.query("SELECT pg_terminate_backend(\(process))")
                        return Array("\(UInt64.random(in: 0..<1 << 62))\n".utf8)
                    }
                    _ = try await transaction.copyIn("COPY numbers FROM STDIN", endless)
                }
            }
            #expect(error?.isUnavailability == true)
            let numbers = try await client.withTransaction { try await $0.query("SELECT n FROM numbers") }
            #expect(numbers.isEmpty)
        }
    }
}
