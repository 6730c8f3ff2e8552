import Testing

@testable import lms

struct FindingTests {
    @Test func `a problem says what to type`() {
        let finding = Finding.problem("Redis", "not installed", advice: "Type: sudo apt-get install redis-server")
        #expect(finding.isProblem)
        #expect(
            finding.lines == ["problem  Redis: not installed", "         Type: sudo apt-get install redis-server"])
    }

    @Test(arguments: [(1, 97, false), (2, 97, true), (1, 60, true)])
    func `connections must fit under the server's limit`(instances: Int, available: Int, isProblem: Bool) {
        let budget = ConnectionBudget(instances: instances, services: 6, pool: 10, available: available)
        #expect(budget.needed == 60 * instances)
        #expect(budget.finding.isProblem == isProblem)
    }

    @Test func `the frame is as wide as its widest line`() {
        #expect(Terminal.framed(["a", "abc"]) == "╭───────╮\n│  a    │\n│  abc  │\n╰───────╯")
    }
}
