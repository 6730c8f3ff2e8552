import NIOCore

/// How well one copy of a service is, as one event loop knows it: what the checks say, and what became of requests.
///
/// Each event loop finds out for itself, without a lock: a copy that fails costs each of them `ejectAfter` failures,
/// and one that only some of them cannot use is not lost to the others. What the checks say is the same for all.
struct CopyHealth: Equatable {
    /// How long a copy is passed over that could not be connected to. Short, as it may be restarting.
    static let pause = TimeAmount.seconds(1)
    /// The share that a copy begins with.
    static let firstShare = 0.1

    /// What the checks say.
    private(set) var isReady: Bool
    /// Failures since the last success.
    private(set) var failures = 0
    /// Ejections without a long time between them.
    private(set) var ejections = 0
    private(set) var ejectedUntil = NIODeadline.uptimeNanoseconds(0)
    private var pausedUntil = NIODeadline.uptimeNanoseconds(0)
    /// When it began to take requests again, ejected or not ready before; nil for one that was always there.
    private var returned: NIODeadline?
    /// Whether requests have waited in vain for it to come back.
    private var isAway = false

    /// - Parameter firstUsed: when a copy joined others, so that it takes its share gradually; nil for all at once.
    init(isReady: Bool, firstUsed: NIODeadline?) {
        self.isReady = isReady
        returned = firstUsed
    }

    /// Which part of a full share of the requests it takes now, up to 1; 0 when it is passed over.
    func share(_ policy: UpstreamPolicy, now: NIODeadline) -> Double {
        guard isReady, !isPaused(now: now), ejectedUntil <= now else { return 0 }
        guard let returned else { return 1 }
        let age = now - returned
        guard age < policy.slowStart else { return 1 }
        return max(Self.firstShare, Double(age.nanoseconds) / Double(policy.slowStart.nanoseconds))
    }

    /// Whether it could not be connected to a moment ago.
    func isPaused(now: NIODeadline) -> Bool { pausedUntil > now }

    func isEjected(now: NIODeadline) -> Bool { ejectedUntil > now }

    /// Whether a request may wait for it: it was well until now, and is probably being restarted.
    var isAwaited: Bool { isReady && !isAway }

    // MARK: Events

    /// A check has come to another result than the last.
    mutating func setReady(_ isReady: Bool, now: NIODeadline) {
        guard isReady != self.isReady else { return }
        self.isReady = isReady
        guard isReady else { return }
        isAway = false
        returned = max(now, ejectedUntil)
    }

    /// It took a connection.
    mutating func connect(now: NIODeadline) {
        isAway = false
        pausedUntil = min(pausedUntil, now)
    }

    /// It answered a request.
    mutating func succeed() { failures = 0 }

    /// A request has waited for it in vain; those who come next need not.
    mutating func leave() { isAway = true }

    /// It could not be connected to, did not answer, or answered with a failure.
    ///
    /// - Parameters:
    ///   - isConnected: whether there was a connection.
    ///   - mayEject: whether enough other copies are there.
    ///   - jitter: from 0 up to 1: how much of a fifth an ejection is shorter, so that copies come back one by one.
    /// - Returns: whether that ejects it.
    mutating func fail(
        _ policy: UpstreamPolicy, isConnected: Bool, mayEject: Bool, now: NIODeadline, jitter: Double
    ) -> Bool {
        if !isConnected { pausedUntil = now + Self.pause }
        // What was under way before tells nothing new, nor what is cut off where a copy stops that has said so.
        guard isReady, ejectedUntil <= now else { return false }
        failures += 1
        guard failures >= policy.ejectAfter, mayEject else { return false }
        failures = 0
        if ejections > 0, now - ejectedUntil >= policy.maximumEjectionTime { ejections = 0 }
        ejections += 1
        let base = policy.ejectionTime.nanoseconds.multipliedReportingOverflow(by: Int64(ejections))
        let time = base.overflow ? policy.maximumEjectionTime.nanoseconds : base.partialValue
        let bounded = Double(min(time, policy.maximumEjectionTime.nanoseconds)) * (1 - jitter / 5)
        ejectedUntil = now + .nanoseconds(Int64(bounded))
        returned = ejectedUntil
        return true
    }
}
