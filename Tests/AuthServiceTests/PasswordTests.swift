import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct PasswordTests {
    // MARK: bcrypt

    @Test func `a hash matches its password and no other`() throws {
        let hash = try BCrypt.hash("correct horse", cost: 4)
        #expect(hash.hasPrefix("$2b$04$"))
        #expect(hash.utf8.count == 60)
        #expect(BCrypt.matches("correct horse", hash))
        #expect(!BCrypt.matches("correct horsf", hash))
        #expect(try BCrypt.hash("correct horse", cost: 4) != hash)
    }

    @Test func `a known hash of another implementation matches`() {
        // From the test vectors of OpenBSD's bcrypt, as crypt_blowfish has them.
        #expect(BCrypt.matches("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))
    }

    @Test func `what bcrypt would cut off does not match`() throws {
        let password = String(repeating: "x", count: 72)
        let hash = try BCrypt.hash(password, cost: 4)
        #expect(BCrypt.matches(password, hash))
        #expect(!BCrypt.matches(password + "y", hash))
        #expect(!BCrypt.matches("x\u{0}y", try BCrypt.hash("x", cost: 4)))
        #expect(!BCrypt.matches("x", "not a hash"))
    }

    @Test func `what is compared for an unknown account is hashed to the end`() throws {
        let decoy = BCrypt.decoy(cost: 4)
        let hash = try #require(BCrypt.crypt("correct horse", setting: decoy))
        #expect(hash.utf8.count == decoy.utf8.count)
        // The cost and the salt; what follows is no hash of anything known.
        #expect(hash.prefix(29) == decoy.prefix(29) && hash != decoy)
        #expect(BCrypt.decoy(cost: AuthApplication.passwordCost).hasPrefix("$2b$12$"))
    }

    // MARK: Turns

    @Test func `permits pass in the order of asking, and the queue is bounded`() {
        var queue = PermitQueue(permits: 1, capacity: 2)
        #expect(queue.request(1) == .granted)
        #expect(queue.request(2) == .queued)
        #expect(queue.request(3) == .queued)
        #expect(queue.request(4) == .refused)
        #expect(queue.release() == 2)
        let withdrawals = (queue.withdraw(3), queue.withdraw(3))
        #expect(withdrawals == (true, false))
        #expect(queue.release() == nil)
        #expect(queue.request(5) == .granted)
        #expect(queue.request(6) == .queued)
    }

    @Test func `a full queue refuses at once`() async throws {
        let hasher = PasswordHasher(cost: 4, concurrency: 1, queueLength: 0)
        _ = try await hasher.withPermit { _ in
            await #expect(throws: PasswordHasher.Overloaded.self) { try await hasher.withPermit { _ in () } }
        }
        try await hasher.withPermit { _ in () }
    }

    @Test func `who gives up leaves the queue`() async throws {
        let hasher = PasswordHasher(cost: 4, concurrency: 1, queueLength: 1)
        _ = try await hasher.withPermit { _ in
            let waiter = Task { try await hasher.withPermit { _ in () } }
            waiter.cancel()
            await #expect(throws: CancellationError.self) { try await waiter.value }
        }
        try await hasher.withPermit { _ in () }
    }

    // MARK: Attempts

    @Test func `five attempts fit into a minute and one more every twelve seconds`() {
        let limit = AttemptLimit(capacity: 5, period: .seconds(60))
        let start = Timestamp(microseconds: 1_764_000_000_000_000)
        var state: Timestamp?
        for _ in 0..<5 {
            #expect(limit.wait(clearAt: state, now: start) == nil)
            state = limit.adding(to: state, now: start)
        }
        #expect(limit.wait(clearAt: state, now: start) == .seconds(12))
        #expect(limit.wait(clearAt: state, now: start.adding(.seconds(11))) == .seconds(1))
        #expect(limit.wait(clearAt: state, now: start.adding(.seconds(12))) == nil)
        // After a minute nothing is left of it.
        #expect(state == start.adding(.seconds(60)))
        #expect(limit.adding(to: state, now: start.adding(.seconds(90))) == start.adding(.seconds(102)))
    }

    @Test func `an attempt that does not fit into one counter is counted in none`() {
        var attempts = LocalAttempts()
        let start = Timestamp(microseconds: 1_764_000_000_000_000)
        let narrow = AttemptLog.Counter(key: "narrow", limit: AttemptLimit(capacity: 1, period: .seconds(60)))
        let wide = AttemptLog.Counter(key: "wide", limit: AttemptLimit(capacity: 2, period: .seconds(60)))
        #expect(attempts.admit([narrow, wide], now: start) == nil)
        #expect(attempts.admit([narrow, wide], now: start) == .seconds(60))
        #expect(attempts.admit([wide], now: start) == nil)
        #expect(attempts.admit([wide], now: start) == .seconds(30))
    }

    @Test func `attempts of this process alone are swept out`() {
        var attempts = LocalAttempts()
        let limit = AttemptLimit(capacity: 5, period: .seconds(60))
        let start = Timestamp.now
        for number in 0..<1024 {
            attempts.record(AttemptLog.Counter(key: "\(number)", limit: limit), now: start)
        }
        attempts.record(AttemptLog.Counter(key: "last", limit: limit), now: start.adding(.seconds(61)))
        #expect(attempts.count == 1)
    }
}
