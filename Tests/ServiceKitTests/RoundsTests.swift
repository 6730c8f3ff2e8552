import ServiceKit
import Synchronization
import TestKit
import Testing

struct RoundsTests {
    @Test(.timeLimit(.minutes(1)))
    func `the first round begins at once, and a cancellation ends the pause behind it`() async throws {
        let rounds = Atomic(0)
        let work = Task {
            for await _ in Rounds(every: .seconds(600)) { rounds.add(1, ordering: .relaxed) }
        }
        try await eventually { rounds.load(ordering: .relaxed) == 1 }
        work.cancel()
        await work.value
        #expect(rounds.load(ordering: .relaxed) == 1)
    }

    @Test func `round follows round`() async {
        var rounds = 0
        for await _ in Rounds(every: .milliseconds(1)) {
            rounds += 1
            if rounds == 3 { break }
        }
        #expect(rounds == 3)
    }

    @Test func `a task that is cancelled already gets none`() async {
        let work = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            var rounds = 0
            for await _ in Rounds(every: .milliseconds(1)) { rounds += 1 }
            return rounds
        }
        #expect(await work.value == 0)
    }
}
