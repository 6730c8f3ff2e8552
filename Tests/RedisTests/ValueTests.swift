import Testing

@testable import Redis

@Suite struct RedisConfigurationTests {
    @Test func readsAllPartsOfAURL() throws {
        let configuration = try RedisConfiguration(url: "redis://lms:p%40ss%2F@redis.example:6380/3")
        #expect(configuration.host == "redis.example")
        #expect(configuration.port == 6380)
        #expect(configuration.username == "lms")
        #expect(configuration.password == "p@ss/")
        #expect(configuration.database == 3)
    }

    @Test(arguments: ["redis://localhost", "redis://localhost/", "redis://localhost:6379/0"])
    func whatIsLeftOutHasItsDefault(url: String) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.port == 6379)
        #expect(configuration.username == nil)
        #expect(configuration.password == nil)
        #expect(configuration.database == 0)
    }

    @Test func aPasswordNeedsNoUser() throws {
        let configuration = try RedisConfiguration(url: "redis://:secret@[::1]:7000")
        #expect(configuration.username == nil)
        #expect(configuration.password == "secret")
        #expect(configuration.host == "::1")
    }

    @Test(arguments: [
        ("", RedisURLError.malformed), ("localhost:6379", .unsupportedScheme("localhost")),
        ("rediss://localhost", .unsupportedScheme("rediss")), ("redis://", .missingHost), ("redis:///1", .missingHost),
        ("redis://localhost:70000", .invalidPort), ("redis://localhost/one", .invalidDatabase("one")),
        ("redis://localhost/-1", .invalidDatabase("-1")), ("redis://user@localhost", .missingPassword),
        ("redis://localhost?db=1", .unexpectedQuery),
    ])
    func whatIsWrongWithAURLIsTold(url: String, error: RedisURLError) {
        #expect(throws: error) { try RedisConfiguration(url: url) }
    }

    @Test func thePasswordIsNeverShown() throws {
        let configuration = try RedisConfiguration(url: "redis://user:hunter2@localhost:6379/1")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("hunter2"))
        }
        #expect("\(configuration)" == "redis://localhost:6379/1")
    }
}

@Suite struct RedisCommandTests {
    @Test func argumentsAreBulkStrings() {
        let command = RedisCommand("SET", "ключ", [0, 10] as [UInt8], -7)
        let expected = Array("*4\r\n$3\r\nSET\r\n$8\r\nключ\r\n$2\r\n\0\n\r\n$2\r\n-7\r\n".utf8)
        #expect(command.wire == expected)
    }

    @Test(arguments: [(1, 1), (1_000_000, 1), (1_000_001, 2), (1_500_000_000, 1500)])
    func shortTimesAreRoundedUpToMilliseconds(nanoseconds: Int, milliseconds: Int) {
        #expect(Duration.nanoseconds(nanoseconds).milliseconds == milliseconds)
    }

    @Test func theSHA1OfAScriptIsThatOfItsSource() {
        #expect(RedisScript("return 1").sha1 == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
    }
}

@Suite struct StreamIDTests {
    @Test(arguments: [
        ("5-7", StreamID(milliseconds: 5, sequence: 7)), ("12", StreamID(milliseconds: 12)),
        ("18446744073709551615-0", StreamID(milliseconds: .max)),
    ])
    func isReadFromItsText(text: String, id: StreamID) {
        #expect(StreamID(text) == id)
    }

    @Test(arguments: ["", "-", "1-", "-1", "a-1", "1-2-3", "1 -2", "18446744073709551616"])
    func refusesOtherText(text: String) {
        #expect(StreamID(text) == nil)
    }

    @Test func ordersByTimeThenSequence() {
        let ids = ["1-0", "1-2", "1-10", "2-0", "10-0"].compactMap(StreamID.init)
        #expect(ids == ids.shuffled().sorted())
        #expect(ids.map(\.description) == ["1-0", "1-2", "1-10", "2-0", "10-0"])
    }
}
