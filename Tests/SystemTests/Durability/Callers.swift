import Foundation
import Synchronization
import TestKit
import Testing

/// Somebody who uses one service after the other until told to stop; how each answered is noted.
final class Callers: Sendable {
    private typealias Call = @Sendable () async throws -> TestHTTPResponse

    private struct Answers {
        var successes = 0
        var refusals = 0
    }

    let owner: Owner
    private let calls: [String: Call]
    private let state = Mutex((answers: [String: Answers](), lastRefusal: "", isStopped: false))

    init(_ installation: SystemInstallation) async throws {
        let owner = try await installation.owner()
        let device = try await owner.device("called")
        self.owner = owner
        calls = [
            "login": { try await owner.logIn() },
            "devices": { try await owner.api.get("/api/v1/devices") },
            "commands": { try await owner.api.post("\(device.path)/commands", ["command_type": "ping"]) },
            "readings": { try await owner.api.get("/api/v1/readings/latest") },
            "alerts": { try await owner.api.get("/api/v1/alerts") },
            "usage": { try await owner.api.get("/api/v1/billing/usage") },
            "dashboard": { try await owner.api.get("/api/v1/dashboard") },
        ]
    }

    /// Calls for the length of `body`.
    func call(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, call) in calls { group.addTask { await self.keepCalling(name, call) } }
            defer { state.withLock { $0.isStopped = true } }
            try await body()
        }
    }

    private func keepCalling(_ name: String, _ call: Call) async {
        for _ in 0..<1000 where !state.withLock(\.isStopped) {
            do {
                note(try await call(), from: name)
            } catch {
                Issue.record(error, "\(name) was not answered")
            }
            // The gateway lets no address log in more often.
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func note(_ response: TestHTTPResponse, from name: String) {
        let isRefusal = response.status == 503 && response.header("retry-after") != nil
        #expect((200...299).contains(response.status) || isRefusal, "\(name): \(response)")
        state.withLock { state in
            if isRefusal {
                state.answers[name, default: Answers()].refusals += 1
                state.lastRefusal = "\(name): \(response)"
            } else {
                state.answers[name, default: Answers()].successes += 1
            }
        }
    }

    /// How many calls have been refused.
    var refusals: Int { state.withLock { $0.answers.values.reduce(0) { $0 + $1.refusals } } }

    /// What was refused last, and how.
    var lastRefusal: String { state.withLock(\.lastRefusal) }

    /// Waits until every call has been refused once more.
    func waitUntilAllAreRefused() async throws { try await waitUntilAllHaveGrown(\.refusals) }

    /// Waits until every call has succeeded once more.
    func waitUntilAllAreAnswered() async throws { try await waitUntilAllHaveGrown(\.successes) }

    private func waitUntilAllHaveGrown(_ count: KeyPath<Answers, Int>) async throws {
        let before = state.withLock(\.answers)
        try await eventually(within: .seconds(120)) {
            let now = state.withLock(\.answers)
            return calls.keys.allSatisfy {
                (now[$0]?[keyPath: count] ?? 0) > (before[$0]?[keyPath: count] ?? 0)
            }
        }
    }
}
