import Testing

@testable import LocalStack

struct PortTableTests {
    @Test func `a name keeps its port over a round through the file`() throws {
        var table = PortTable()
        let port = try table.assign("redis") { _ in true }
        var again = PortTable(text: table.text)
        #expect(try again.assign("redis") { _ in true } == port)
    }

    @Test func `the preferred port is taken when it is free`() throws {
        var table = PortTable()
        #expect(try table.assign("auth", preferred: 8101) { _ in true } == 8101)
    }

    @Test func `a port that is taken by then is replaced and the new one remembered`() throws {
        var table = PortTable(text: "postgres 20001\n")
        let port = try table.assign("postgres", range: 20_001...20_002) { $0 != 20_001 }
        #expect(port == 20_002)
        #expect(table.text == "postgres 20002\n")
    }

    @Test func `two names never get the same port`() throws {
        var table = PortTable()
        let ports = try (0..<3).map { try table.assign("server-\($0)", range: 20_001...20_003) { _ in true } }
        #expect(Set(ports).count == 3)
    }

    @Test func `a range without a free port is an error that names it`() {
        var table = PortTable()
        #expect(throws: LocalStackError.noFreePort(20_001...20_002)) {
            try table.assign("redis", range: 20_001...20_002) { _ in false }
        }
    }

    @Test(arguments: ["", "redis", "redis x", "redis 0", "redis 70000", "a b c"])
    func `lines that are no entry are passed over`(line: String) {
        #expect(PortTable(text: line + "\nauth 8101\n").ports == ["auth": 8101])
    }
}
