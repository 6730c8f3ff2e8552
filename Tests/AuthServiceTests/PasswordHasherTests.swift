import Dispatch
import Foundation
import Reactor
import Synchronization
import TestKit
import Testing

@testable import AuthService

/// What hashing passwords leaves to all else.
@Suite struct PasswordHasherTests {
    private final class Turns: Sendable {
        private let counts = Mutex((begun: 0, entered: 0, refused: 0))

        var begun: Int { counts.withLock(\.begun) }
        var entered: Int { counts.withLock(\.entered) }
        var refused: Int { counts.withLock(\.refused) }

        func take(_ hasher: PasswordHasher) async throws {
            counts.withLock { $0.begun += 1 }
            do {
                try await hasher.withPermit { _ in counts.withLock { $0.entered += 1 } }
            } catch is PasswordHasher.Overloaded {
                counts.withLock { $0.refused += 1 }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `by default half of the processors hash, 32 wait, and the next is refused`() async throws {
        let hasher = PasswordHasher(cost: 4)
        let turns = Turns()
        let tasks = try await holding(max(1, ProcessInfo.processInfo.activeProcessorCount / 2), of: hasher) {
            let tasks = (0..<35).map { _ in Task { try await turns.take(hasher) } }
            try await eventually { turns.begun == 35 && turns.refused + turns.entered >= 3 }
            #expect(turns.refused == 3)
            #expect(turns.entered == 0)
            return tasks
        }
        for task in tasks { try await task.value }
        #expect(turns.entered == 32)
        #expect(turns.refused == 3)
    }

    /// Runs `body` while so many permits are taken.
    private func holding<Value>(
        _ permits: Int, of hasher: PasswordHasher, _ body: () async throws -> Value
    ) async throws -> Value {
        guard permits > 0 else { return try await body() }
        return try await hasher.withPermit { _ in try await holding(permits - 1, of: hasher, body) }
    }

    /// A comparison that takes until it is let go.
    private final class HeldComparison: Sendable {
        private let release = DispatchSemaphore(value: 0)
        private let state = Mutex((hasBegun: false, hasEnded: false, isOnThreadOfItsOwn: false))

        var hasBegun: Bool { state.withLock(\.hasBegun) }
        var hasEnded: Bool { state.withLock(\.hasEnded) }
        /// Neither the reactor's nor one that tasks run on.
        var isOnThreadOfItsOwn: Bool { state.withLock(\.isOnThreadOfItsOwn) }

        func compare() -> Bool {
            let isOnThreadOfItsOwn = withUnsafeCurrentTask { $0 == nil } && !Reactor.shared.isOnThread
            state.withLock { $0 = (true, false, isOnThreadOfItsOwn) }
            // If it held all others up as well, nobody could let it go.
            let isLetGo = release.wait(timeout: .now() + 20) == .success
            state.withLock { $0.hasEnded = true }
            return isLetGo
        }

        func letGo() { release.signal() }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a login that finds the queue full is answered otherwise than one too many of an account`() async throws {
        let hasher = PasswordHasher(cost: 4, concurrency: 1, queueLength: 1)
        let server = try await AuthServer.start(on: AuthServer.makeDatabase(), hasher: hasher)
        let ada = try await server.newcomer()
        let answers = Answers()
        let logins = try await holding(1, of: hasher) {
            // One of them waits, and so the other is refused at once.
            let logins = (0..<2).map { _ in Task { answers.add(try await ada.logIn()) } }
            try await eventually { answers.all.count == 1 }
            return logins
        }
        for login in logins { try await login.value }
        #expect(answers.all.map(\.status) == [503, 200])
        let overloaded = try #require(answers.all.first)
        #expect(overloaded.header("retry-after").flatMap { Int($0) } ?? 0 >= 1)
        #expect(overloaded.json["detail"].string?.contains("Too many people are signing in") == true)

        for _ in 0..<5 { #expect(try await ada.logIn(password: "wrong horse battery").status == 401) }
        let limited = try await ada.logIn(password: "wrong horse battery")
        #expect(limited.status == 429)
        #expect(limited.header("retry-after").flatMap { Int($0) } ?? 0 >= 1)
    }

    /// Answers in the order in which they came.
    private final class Answers: Sendable {
        private let answers = Mutex<[TestHTTPResponse]>([])

        var all: [TestHTTPResponse] { answers.withLock(\.self) }

        func add(_ answer: TestHTTPResponse) { answers.withLock { $0.append(answer) } }
    }

    @Test func `while a password is hashed others are answered`() async throws {
        let comparison = HeldComparison()
        let hasher = PasswordHasher(cost: 4, queueLength: 1000) { _, _ in comparison.compare() }
        let server = try await AuthServer.start(on: AuthServer.makeDatabase(), hasher: hasher)
        let ada = try await server.newcomer()
        async let login = ada.logIn()
        try await eventually { comparison.hasBegun }
        #expect(comparison.isOnThreadOfItsOwn)
        // Over an event loop, by a task, from the database that the reactor speaks to.
        #expect(try await ada.api.put("/api/v1/auth/me", ["name": "Ada King"]).status == 200)
        #expect(!comparison.hasEnded)
        comparison.letGo()
        #expect(try await login.status == 200)
    }
}
