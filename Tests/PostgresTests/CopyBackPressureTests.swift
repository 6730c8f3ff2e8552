import Postgres
import Synchronization
import TestKit
import Testing

struct CopyBackPressureTests {
    /// Rows of 64 KiB, a chunk each, that are counted as they are taken.
    private final class Source: Sendable {
        static let rows = 1024
        static let length = 64 * 1024 - 1
        let taken = Atomic(0)

        var chunks: AsyncStream<[UInt8]> {
            let row = [UInt8](repeating: UInt8(ascii: "x"), count: Self.length) + [UInt8(ascii: "\n")]
            return AsyncStream(unfolding: {
                self.taken.wrappingAdd(1, ordering: .relaxed).oldValue < Self.rows ? row : nil
            })
        }
    }

    /// Waits until `count` has not grown any more for many looks on end.
    private func rest(_ count: () async throws -> Int) async throws -> Int {
        var (last, looks) = (0, 0)
        return try await eventually(within: .seconds(60)) {
            let now = try await count()
            looks = now == last ? looks + 1 : 0
            last = now
            return now > 0 && looks == 50 ? now : nil
        }
    }

    /// A table whose rows the server stores once it gets the lock 72, and reads no further before.
    private let table: [SQL] = [
        "CREATE TABLE pages (content text)",
        """
        CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock(72); RETURN NEW; END'
        """,
        "CREATE TRIGGER gate BEFORE INSERT ON pages FOR EACH ROW EXECUTE FUNCTION gate()",
    ]

    @Test func `a source is not asked for more than the server takes, and all of it arrives in the end`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                _ = try await client.batch(table)
                let source = Source()
                let copy = try await client.withTransaction { holder in
                    try await holder.query("SELECT pg_advisory_xact_lock(72)")
                    let copy = Task {
                        try await client.withTransaction { try await $0.copyIn("COPY pages FROM STDIN", source.chunks) }
                    }
                    try await eventually {
                        try await !client.query(
                            """
                            SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
                            WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
                            """
                        ).isEmpty
                    }
                    // Some megabytes fill the sockets' buffers.
                    #expect(try await rest { source.taken.load(ordering: .relaxed) } < Source.rows / 2)
                    return copy
                }
                #expect(try await copy.value == Source.rows)
                let row = try await client.query(
                    "SELECT count(*), min(length(content)), max(length(content)) FROM pages")[0]
                let (count, shortest, longest) = try row.decode(Int.self, Int.self, Int.self)
                #expect(count == Source.rows && shortest == Source.length && longest == Source.length)
            }
        }
    }
    @Test func `the server sends no more than its reader takes, and all of it in the end`() async throws {
        try await TestDatabase.with { database in
            try await withClient(database.administrator) { client in
                let received = try await client.withTransaction { transaction in
                    try await transaction.copyOut(
                        "COPY (SELECT repeat('x', 65535) FROM generate_series(1, 1024)) TO STDOUT"
                    ) { output in
                        var chunks = output.makeAsyncIterator()
                        var received = try await chunks.next()?.count ?? 0
                        let sent = try await rest {
                            try await client.query(
                                "SELECT tuples_processed FROM pg_stat_progress_copy WHERE datname = current_database()"
                            ).first?.decode(Int.self, at: 0) ?? 0
                        }
                        #expect(sent < Source.rows / 2)
                        while let chunk = try await chunks.next() { received += chunk.count }
                        return received
                    }
                }
                #expect(received == Source.rows * (Source.length + 1))
            }
        }
    }
}
