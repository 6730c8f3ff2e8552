import FoundationEssentials
import Testing

@testable import Postgres

struct SQLTests {
    @Test func `values become parameters and fragments are spliced in`() {
        let filter: SQL = "b = \("x") AND c = \(true)"
        let statement = Statement("SELECT a FROM t WHERE \(filter) AND d = \(Optional<Int>.none)")
        #expect(statement.key.text == "SELECT a FROM t WHERE b = $1 AND c = $2 AND d = $3")
        #expect(statement.key.types == [.text, .bool, .int8])
        #expect(statement.binds[0].bytes == Array("x".utf8))
        #expect(statement.binds[2].bytes == nil)
    }

    @Test func `fragments join with a separator`() {
        let parts: [SQL] = ["a = \(1)", "b = \(2)", "c"]
        #expect(Statement(parts.joined(separator: " AND ")).key.text == "a = $1 AND b = $2 AND c")
        #expect(Statement([SQL]().joined(separator: ", ")).key.text == "")
    }

    @Test func `a value that looks like SQL stays a value`() {
        let name = "'; DROP TABLE users; --"
        let statement = Statement("SELECT \(name)")
        #expect(statement.key.text == "SELECT $1")
        #expect(statement.binds[0].bytes == Array(name.utf8))
    }
}

struct PostgresConfigurationTests {
    @Test func `a vanished machine is noticed by the kernel, unless the URL says otherwise`() async throws {
        let usual = try await PostgresConfiguration(url: "postgres://u@127.0.0.1/d").resolved()
        #expect(usual["keepalives_idle"] == "15")
        let other = try await PostgresConfiguration(url: "postgres://u@127.0.0.1/d?keepalives_idle=7").resolved()
        #expect(other["keepalives_idle"] == "7")
    }

    @Test func `a configuration survives being written as a URL`() async throws {
        let first = try PostgresConfiguration(url: "postgres://u:p%20%26@127.0.0.1:99/d?keepalives_count=9")
        #expect(!first.url.contains("keepalives_idle"))
        let second = try PostgresConfiguration(url: first.url)
        #expect(try await second.resolved() == first.resolved())
    }
}

struct StatementCacheTests {
    private let key = Statement("SELECT 1").key

    @Test func `a name is used once the server has confirmed it`() {
        var cache = StatementCache()
        #expect(cache.plan(key) == .prepare(name: "s1"))
        #expect(cache.plan(key) == .unnamed)
        cache.confirm(key, name: "s1")
        #expect(cache.plan(key) == .execute(name: "s1"))
    }

    @Test func `a refused statement is prepared again under another name`() {
        var cache = StatementCache()
        _ = cache.plan(key)
        cache.forget(key)
        #expect(cache.plan(key) == .prepare(name: "s2"))
    }

    @Test func `beyond its capacity statements stay unnamed`() {
        var cache = StatementCache(capacity: 1)
        _ = cache.plan(key)
        #expect(cache.plan(Statement("SELECT 2").key) == .unnamed)
    }

    @Test func `the same text with other types is another statement`() {
        var cache = StatementCache()
        _ = cache.plan(Statement("SELECT \(1)").key)
        #expect(cache.plan(Statement("SELECT \("1")").key) == .prepare(name: "s2"))
    }
}

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-23T19:27:00.123456Z", 1_795_462_020_123_456),
        ("2026-11-23T19:27:00.1Z", 1_795_462_020_100_000),
        ("2026-11-23T21:27:00.123456+02:00", 1_795_462_020_123_456),
        ("2026-11-23 14:57:00.123456789-04:30", 1_795_462_020_123_456),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
    ])
    func `RFC 3339 is read`(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11-23", "2026-11-23T19:27:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T19:60:00Z", "2026-11-23T19:27:00.Z", "2026-11-23T19:27:00Zx",
        "2026-11-23T19:27:00+24:00", "0000-01-01T00:00:00Z", "٢٠٢٦-11-23T19:27:00Z",
    ])
    func `what is no RFC 3339 time is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `every day from year 1 to 2400 is written as it is read`() {
        for day in stride(from: -719_162, through: 157_000, by: 13) {
            let date = CivilDate(daysSince1970: day)
            #expect(date.daysSince1970 == day)
            let time = Timestamp(microseconds: Int64(day) * 86_400_000_000 + 45_296_000_007)
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
        }
    }
}
