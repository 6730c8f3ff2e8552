import Synchronization
import TestKit
import Testing

@testable import ReadingsService

@Suite struct SingleFlightTests {
    private struct Failure: Error {}

    private final class Count: Sendable {
        private let number = Mutex(0)

        func next() -> Int {
            number.withLock { number in
                number += 1
                return number
            }
        }
    }

    /// Opens once, for all who wait.
    private final class Gate: Sendable {
        private let isOpen = Mutex(false)

        func open() { isOpen.withLock { $0 = true } }

        func wait() async throws {
            try await eventually { isOpen.withLock { $0 } }
        }
    }

    @Test func `a value is computed once for all who ask meanwhile, and anew for who asks later`() async throws {
        let flight = SingleFlight<String, Int>()
        let computed = Count()
        let gate = Gate()
        let values = try await withThrowingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    try await flight.value(for: "a") {
                        try await gate.wait()
                        return computed.next()
                    }
                }
            }
            try await eventually { flight.waitingCount(for: "a") == 19 }
            #expect(try await flight.value(for: "b") { 7 } == 7)
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == Array(repeating: 1, count: 20))
        #expect(try await flight.value(for: "a") { 2 } == 2)
    }

    @Test func `a failure is told to all who wait, and not kept`() async throws {
        let flight = SingleFlight<String, Int>()
        let gate = Gate()
        let first = Task {
            try await flight.value(for: "a") {
                try await gate.wait()
                throw Failure()
            }
        }
        try await eventually { flight.waitingCount(for: "a") == 0 }
        let second = Task { try await flight.value(for: "a") { 2 } }
        try await eventually { flight.waitingCount(for: "a") == 1 }
        gate.open()
        await #expect(throws: Failure.self) { try await first.value }
        await #expect(throws: Failure.self) { try await second.value }
        #expect(try await flight.value(for: "a") { 3 } == 3)
    }

    @Test func `where the first is cancelled, another takes over`() async throws {
        let flight = SingleFlight<String, Int>()
        let first = Task {
            try await flight.value(for: "a") {
                try await Task.sleep(for: .seconds(60))  // Until it is cancelled.
                return 1
            }
        }
        try await eventually { flight.waitingCount(for: "a") == 0 }
        async let second = flight.value(for: "a") { 2 }
        try await eventually { flight.waitingCount(for: "a") == 1 }
        first.cancel()
        #expect(try await second == 2)
        await #expect(throws: CancellationError.self) { try await first.value }
    }

    @Test func `who is cancelled does not wait any longer`() async throws {
        let flight = SingleFlight<String, Int>()
        let gate = Gate()
        async let first = flight.value(for: "a") {
            try await gate.wait()
            return 1
        }
        try await eventually { flight.waitingCount(for: "a") == 0 }
        let second = Task { try await flight.value(for: "a") { 2 } }
        try await eventually { flight.waitingCount(for: "a") == 1 }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        gate.open()
        #expect(try await first == 1)
    }
}
