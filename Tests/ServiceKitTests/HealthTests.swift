import Foundation
import Synchronization
import TestKit
import Testing

@testable import ServiceKit

@Suite struct HealthTests {
    private struct Away: Error, CustomStringConvertible { let description = "connection refused" }

    @Test func nothingToCheckIsReady() async {
        #expect(await Health().readiness().isReady)
    }

    @Test func whatIsNotReadyIsNamed() async throws {
        let health = Health()
        health.register("redis") { throw Away() }
        health.register("database") {}
        let readiness = await health.readiness()
        #expect(!readiness.isReady)
        let json = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(readiness))
        #expect(
            json == [
                "status": "not_ready", "ready": ["database"], "not_ready": ["redis": "connection refused"],
            ])
    }

    @Test func aCheckThatDoesNotAnswerFails() async {
        let health = Health(deadline: .milliseconds(20))
        health.register("slow") { try await Task.sleep(for: .seconds(60)) }
        let readiness = await health.readiness()
        #expect(readiness.components.first?.failure?.hasPrefix("no answer within") == true)
    }

    @Test func itBecomesReadyByItself() async {
        let health = Health()
        let isUp = Mutex(false)
        health.register("database") { if !isUp.withLock(\.self) { throw Away() } }
        #expect(await !health.readiness().isReady)
        isUp.withLock { $0 = true }
        #expect(await health.readiness().isReady)
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
        #expect(await health.readiness().isReady)
    }
}
