import Foundation
import Synchronization
import TestKit
import Testing

@testable import ServiceKit

@Suite struct HealthTests {
    private struct Away: Error, CustomStringConvertible { let description = "connection refused" }

    private func withRunning(_ health: Health, _ body: (Health) async throws -> Void) async rethrows {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await health.run() }
            defer { group.cancelAll() }
            try await body(health)
        }
    }

    @Test func nothingToCheckIsReady() async {
        #expect(await Health().readiness().isReady)
    }

    @Test func whatIsNotReadyIsNamed() async throws {
        let health = Health()
        health.register("redis") { throw Away() }
        health.register("database") {}
        try await withRunning(health) { health in
            let readiness = await health.readiness()
            #expect(!readiness.isReady)
            let json = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(readiness))
            #expect(
                json == [
                    "status": "not_ready", "ready": ["database"], "not_ready": ["redis": "connection refused"],
                ])
        }
    }

    @Test func aCheckThatDoesNotComeBackFailsAtOnceAndIsNotMadeTwice() async throws {
        let health = Health(deadline: .milliseconds(20))
        let started = Atomic(0)
        let stuck = Mutex<CheckedContinuation<Void, Never>?>(nil)
        health.register("stuck") {
            // Deaf to cancellation; the second one comes through.
            guard started.add(1, ordering: .relaxed).oldValue == 0 else { return }
            await withCheckedContinuation { continuation in stuck.withLock { $0 = continuation } }
        }
        try await withRunning(health) { health in
            for _ in 0..<3 {
                let readiness = await health.readiness()
                #expect(readiness.components.first?.failure?.hasPrefix("no answer within") == true)
            }
            #expect(started.load(ordering: .relaxed) == 1)
            stuck.withLock { $0.take() }?.resume()
            try await eventually { await health.readiness().isReady }
        }
    }

    @Test func aCheckThatDoesNotAnswerEndsWithTheProcess() async {
        let health = Health(deadline: .milliseconds(20))
        // It ends when it is cancelled, not by its time.
        health.register("slow") { try await Task.sleep(for: .seconds(600)) }
        await withRunning(health) { health in
            #expect(await !health.readiness().isReady)
        }
    }

    @Test func itBecomesReadyByItself() async {
        let health = Health()
        let isUp = Mutex(false)
        health.register("database") { if !isUp.withLock(\.self) { throw Away() } }
        await withRunning(health) { health in
            #expect(await !health.readiness().isReady)
            isUp.withLock { $0 = true }
            #expect(await health.readiness().isReady)
        }
    }

    @Test func checksRunAtOnce() async {
        let health = Health(deadline: .seconds(20))
        let started = Atomic(0)
        // Each waits until all have started, so one after the other they would miss the deadline.
        for number in 0..<20 {
            health.register("\(number)") {
                started.add(1, ordering: .relaxed)
                try await eventually { started.load(ordering: .relaxed) == 20 }
            }
        }
        await withRunning(health) { health in
            #expect(await health.readiness().isReady)
        }
    }
}
