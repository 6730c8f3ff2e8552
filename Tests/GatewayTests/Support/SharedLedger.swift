import Foundation

@testable import Gateway

/// The buckets as Redis keeps them, with a clock that a test moves: what `LimitScripts.take` does, in Swift.
struct SharedLedger {
    private struct State {
        var tokens: Double
        /// Nanoseconds.
        var at: UInt64
    }

    private var states: [LimitName: State] = [:]

    mutating func take(_ report: LimitReport, now: UInt64) -> Double {
        var balance = report.balance
        if let state = states[report.name] {
            let elapsed = Double(now - min(now, state.at)) / 1e9
            balance = min(report.limit.burst, state.tokens + elapsed * report.limit.rate) - Double(report.taken)
        }
        states[report.name] = State(tokens: balance, at: now)
        return balance
    }
}

/// Gateways that share limits, without sockets, Redis or real time.
struct SimulatedGateways {
    static let millisecond: UInt64 = 1_000_000

    let limiters: [RateLimiter]
    private(set) var now: UInt64 = 0
    private var ledger = SharedLedger()

    init(_ count: Int, address: RateLimit, capacity: Int = 65_536) {
        limiters = (0..<count).map { _ in
            let limiter = RateLimiter(
                .init(address: address, credential: address, signIn: address, capacity: capacity), shardCount: 4)
            limiter.meet(gateways: count)
            return limiter
        }
    }

    /// Lets a gateway count a request; returns whether it was allowed.
    func request(_ gateway: Int, from address: UInt64) -> Bool {
        let admission = limiters[gateway].admit(.address, address: address, credential: nil, now: now)
        if admission.hot.contains(LimitKinds(.address)) {
            limiters[gateway].share(.address, address, as: LimitName(text: "\(address)"), now: now)
        }
        return admission.decision?.isAllowed == true
    }

    /// Moves the clock a millisecond on. Each gateway exchanges every 100 ms, at a time of its own.
    mutating func tick() {
        now += Self.millisecond
        for (index, limiter) in limiters.enumerated() {
            let phase = UInt64(index * 100 / limiters.count)
            guard (now / Self.millisecond) % 100 == phase else { continue }
            for report in limiter.collect(now: now) {
                limiter.hear(balance: ledger.take(report, now: now), of: report, now: now)
            }
        }
    }

    /// Sends `perSecond` requests a second to each gateway for so many milliseconds.
    ///
    /// - Returns: how many were allowed.
    mutating func load(_ perSecond: [Int], from address: UInt64 = 1, milliseconds: Int) -> Int {
        var allowed = 0
        var owed = [Int](repeating: 0, count: limiters.count)
        for _ in 0..<milliseconds {
            for gateway in limiters.indices {
                owed[gateway] += perSecond[gateway]
                while owed[gateway] >= 1000 {
                    owed[gateway] -= 1000
                    if request(gateway, from: address) { allowed += 1 }
                }
            }
            tick()
        }
        return allowed
    }
}
