import EventBus
import Testing

struct ReadPaceTests {
    private func wait(after entries: Int, ofAtMost limit: Int) async throws -> Duration {
        var pace = ReadPace(.milliseconds(40))
        pace.hasRead(entries, ofAtMost: limit)
        return try await ContinuousClock().measure { try await pace.wait() }
    }

    @Test func `the first read is at once`() async throws {
        let pace = ReadPace(.seconds(60))
        try await pace.wait()
    }

    @Test func `after a read that took everything the next one waits for more to gather`() async throws {
        #expect(try await wait(after: 99, ofAtMost: 100) >= .milliseconds(35))
        #expect(try await wait(after: 1, ofAtMost: 100) >= .milliseconds(35))
    }

    @Test(arguments: [0, 100])
    func `after one that brought nothing, or left something behind, the next is at once`(entries: Int) async throws {
        var pace = ReadPace(.seconds(60))
        pace.hasRead(entries, ofAtMost: 100)
        try await pace.wait()
    }
}
