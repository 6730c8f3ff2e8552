import TestKit
import Testing

struct ManualClockTests {
    @Test func `a sleeper wakes when the clock has passed its deadline and not before`() async throws {
        let clock = ManualClock()
        try await confirmation { woke in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await clock.sleep(for: .seconds(10))
                    #expect(clock.now.offset == .seconds(10))
                    woke()
                }
                try await eventually { clock.sleeperCount == 1 }
                clock.advance(by: .seconds(9))
                #expect(clock.sleeperCount == 1)
                clock.advance(by: .seconds(1))
                try await group.waitForAll()
            }
        }
    }

    @Test func `a deadline that has passed does not wait`() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: clock.now, tolerance: nil)
    }

    @Test func `a cancelled sleeper throws`() async throws {
        let clock = ManualClock()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await clock.sleep(for: .seconds(1)) }
            }
            group.cancelAll()
        }
        #expect(clock.sleeperCount == 0)
    }
}

struct EventuallyTests {
    @Test func `a condition that never holds is an error with the last reason`() async throws {
        let error = await #expect(throws: TimedOut.self) {
            try await eventually(within: .milliseconds(30)) { () -> Bool in throw TestHTTPError.closed }
        }
        #expect(error?.lastError is TestHTTPError)
    }
}
