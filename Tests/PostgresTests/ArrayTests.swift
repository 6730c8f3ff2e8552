import FoundationEssentials
import Postgres
import TestKit
import Testing

struct ArrayTests {
    private func row(_ statement: SQL) async throws -> Row {
        try await withClient(TestServers.shared().administrator) { try await $0.query(statement)[0] }
    }

    @Test func `integers of 2 and 4 bytes go there and back up to their limits`() async throws {
        let small = [Int16.min, -1, 0, 1, .max]
        let large = [Int32.min, -1, 0, 1, .max]
        let row = try await row(
            "SELECT \(small), \(large), \([Int16]()), \([Int32]()), \([Optional(Int32.max), nil]), \(small)::text")
        let values = try row.decode([Int16].self, [Int32].self, [Int16].self, [Int32].self, [Int32?].self, String.self)
        #expect(values.0 == small && values.1 == large)
        #expect(values.2 == [] && values.3 == [])
        #expect(values.4 == [.max, nil])
        // The server has read them so, too.
        #expect(values.5 == "{-32768,-1,0,1,32767}")
    }

    @Test func `documents go there and back, and a JSON null is not NULL`() async throws {
        // As jsonb writes them.
        let documents = [#"{"a": [1, "é"]}"#, "[]", "\"\"", "null"].map { JSONB(bytes: Array($0.utf8)) }
        let row = try await row(
            "SELECT \(documents), \([JSONB]()), \([documents.last, nil]), \(documents)[1] ->> 'a'")
        let values = try row.decode([JSONB].self, [JSONB].self, [JSONB?].self, String.self)
        #expect(values.0 == documents)
        #expect(values.1 == [])
        #expect(values.2 == [documents.last, nil])
        #expect(values.3 == #"[1, "é"]"#)
    }

    @Test func `a NULL among the elements is an error unless it was reckoned with`() async throws {
        let row = try await row("SELECT ARRAY[1, NULL]::int4[], ARRAY[NULL]::jsonb[], NULL::int2[]")
        #expect(throws: DecodingFailure.unexpectedNull) { try row.decode([Int32].self, at: 0) }
        #expect(throws: DecodingFailure.unexpectedNull) { try row.decode([JSONB].self, at: 1) }
        #expect(throws: DecodingFailure.unexpectedNull) { try row.decode([Int16].self, at: 2) }
        #expect(try row.decode([Int32?].self, at: 0) == [1, nil])
        #expect(try row.decode([JSONB?].self, at: 1) == [nil])
        #expect(try row.decode([Int16]?.self, at: 2) == nil)
    }

    @Test func `elements are read as a type that is wide enough, and as no other`() async throws {
        let row = try await row("SELECT ARRAY[1, 2]::int4[], ARRAY['a']::name[]")
        #expect(try row.decode([Int].self, at: 0) == [1, 2])
        #expect(throws: DecodingFailure.self) { try row.decode([Int16].self, at: 0) }
        #expect(throws: DecodingFailure.self) { try row.decode([JSONB].self, at: 0) }
        #expect(try row.decode([String].self, at: 1) == ["a"])
    }

    /// The last ones begin as an array does: one dimension, of more elements than there are bytes, or of one element
    /// that is longer than what is left.
    @Test(
        arguments: [
            "SELECT 1::int8", "SELECT ''::text", "SELECT 'ab'::text",
            "SELECT 'a text longer than an array begins'::text",
            "SELECT '00000000-0000-0000-0000-000000000000'::uuid", "SELECT now()", "SELECT ARRAY[[1], [2]]::int8[]",
            #"SELECT '\x0000000100000000000000147fffffff00000001'::bytea"#,
            #"SELECT '\x0000000100000000000000140000000100000001000000080000'::bytea"#,
        ] as [SQL])
    func `a column that is no array of one dimension is an error, not a wrong value`(statement: SQL) async throws {
        let row = try await row(statement)
        #expect(throws: DecodingFailure.self) { try row.decode([Int].self, at: 0) }
    }
}
