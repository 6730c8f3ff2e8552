import HTTPKit
import Identity

/// Slows down guessing: after five failures per account, whether or not there is one, and thirty a minute per address.
struct SignInGuard: Sendable {
    /// Too many attempts have failed.
    struct TooManyAttempts: Error {
        let retryAfter: Duration
    }

    /// Somebody's try at an account.
    struct Attempt: Sendable {
        fileprivate let account: AttemptLog.Counter
        fileprivate let address: AttemptLog.Counter?

        /// - Parameters:
        ///   - account: The account's address; what was typed in its place where it is none.
        ///   - network: The client's, as ``ClientDescription/network`` has it.
        init(account: String, network: String?) {
            let account = SecretHash(of: account.trimmed.lowercased())
            self.account = AttemptLog.Counter(
                key: "lms:signin:account:\(account.hex)", limit: AttemptLimit(capacity: 5, period: .seconds(60)))
            address = network.map {
                AttemptLog.Counter(
                    key: "lms:signin:address:\($0)", limit: AttemptLimit(capacity: 30, period: .seconds(60)))
            }
        }

        fileprivate var counters: [AttemptLog.Counter] { [account] + (address.map { [$0] } ?? []) }
    }

    let log: AttemptLog

    /// - Throws: ``TooManyAttempts``.
    func admit(_ attempt: Attempt) async throws(TooManyAttempts) {
        if let wait = await log.wait(for: attempt.counters) { throw TooManyAttempts(retryAfter: wait) }
    }

    /// Counts an attempt as failed before it is made, for what is checked at once: of many under way no more are made
    /// than fit. ``succeeded(_:)`` takes it back.
    ///
    /// - Throws: ``TooManyAttempts``.
    func count(_ attempt: Attempt) async throws(TooManyAttempts) {
        if let wait = await log.admit(attempt.counters) { throw TooManyAttempts(retryAfter: wait) }
    }

    func failed(_ attempt: Attempt) async {
        await log.record(attempt.counters)
    }

    /// Who knows the password is not held up by what others guessed.
    func succeeded(_ attempt: Attempt) async {
        await log.clear(attempt.account)
    }
}
