import Testing

@testable import Gateway

private let second: UInt64 = 1_000_000_000

@Suite("Token buckets")
struct TokenBucketTests {
    private let limit = RateLimit(rate: 2, burst: 3)

    @Test("A burst passes, then one for each token that comes back")
    func burst() {
        var bucket = TokenBucket(limit, now: 0)
        let decisions = (0..<4).map { _ in bucket.take(limit, now: 0) }
        #expect(decisions.map(\.isAllowed) == [true, true, true, false])
        #expect(decisions.map(\.remaining) == [2, 1, 0, 0])
        #expect(decisions[3].retryAfter == 1)
        #expect(decisions[3].reset == 2)
        #expect(decisions[0].limit == 3)
        #expect(bucket.take(limit, now: second / 2).isAllowed)
        #expect(!bucket.take(limit, now: second / 2).isAllowed)
    }

    @Test("A bucket never holds more than its burst, and time does not run backwards")
    func bounds() {
        var bucket = TokenBucket(limit, now: 10 * second)
        #expect(bucket.take(limit, now: 5 * second).remaining == 2)
        #expect(bucket.take(limit, now: 1000 * second).remaining == 2)
        #expect(bucket.isFull(limit, now: 1001 * second))
        #expect(!bucket.isFull(limit, now: 1000 * second))
    }

    @Test("Over a long time the rate holds to the token")
    func rate() {
        var bucket = TokenBucket(limit, now: 0)
        var allowed = 0
        for millisecond in stride(from: UInt64(0), to: 100_000, by: 10) {
            if bucket.take(limit, now: millisecond * 1_000_000).isAllowed { allowed += 1 }
        }
        #expect((202...203).contains(allowed))
    }

    @Test("Slow rates say honestly how long to wait")
    func slow() {
        let limit = RateLimit(rate: 0.1, burst: 1)
        var bucket = TokenBucket(limit, now: 0)
        _ = bucket.take(limit, now: 0)
        #expect(bucket.take(limit, now: 0).retryAfter == 10)
        #expect(bucket.take(limit, now: 9 * second).retryAfter == 1)
        #expect(bucket.take(limit, now: 10 * second).isAllowed)
    }
}

@Suite("Bucket tables")
struct BucketTableTests {
    @Test("Keys have buckets of their own")
    func keys() {
        var table = BucketTable(RateLimit(rate: 1, burst: 1), capacity: 64)
        #expect(table.take(1, now: 0).decision.isAllowed)
        #expect(!table.take(1, now: 0).decision.isAllowed)
        #expect(table.take(2, now: 0).decision.isAllowed)
    }

    @Test("When a set is full the fullest bucket goes, and a drained one stays")
    func eviction() {
        let limit = RateLimit(rate: 1, burst: 100)
        var table = BucketTable(limit, capacity: 8)
        for _ in 0..<100 { _ = table.take(0, now: 0) }
        #expect(!table.take(0, now: 0).decision.isAllowed)
        for key in UInt64(1)...1000 { _ = table.take(key, now: 0) }
        #expect(!table.take(0, now: 0).decision.isAllowed)
    }

    @Test("What was taken can be given back")
    func giveBack() {
        var table = BucketTable(RateLimit(rate: 1, burst: 1), capacity: 8)
        _ = table.take(1, now: 0)
        table.giveBack(1)
        #expect(table.take(1, now: 0).decision.isAllowed)
    }
}

@Suite("The rate limiter")
struct RateLimiterTests {
    private let limiter = RateLimiter(
        .init(
            address: RateLimit(rate: 1, burst: 3), credential: RateLimit(rate: 1, burst: 5),
            signIn: RateLimit(rate: 1, burst: 1), capacity: 1024))

    private func admit(_ limitClass: LimitClass, credential: UInt64? = nil) -> (allowed: Bool, RateLimiter.Ticket?) {
        let admission = limiter.admit(limitClass, address: 1, credential: credential, now: 0)
        return (admission.decision?.isAllowed ?? true, admission.ticket)
    }

    @Test("Each class has its own bucket, and some have none")
    func classes() {
        #expect((0..<4).map { _ in admit(.general).allowed } == [true, true, true, false])
        #expect((0..<2).map { _ in admit(.signIn).allowed } == [true, false])
        #expect((0..<100).allSatisfy { _ in admit(.none).allowed })
    }

    @Test("A proven credential counts by itself, however many share its address")
    func proven() {
        for credential in UInt64(10)..<20 {
            let (allowed, ticket) = admit(.general, credential: credential)
            #expect(allowed)
            if let ticket { limiter.settle(ticket, .accepted) }
        }
        #expect((0..<5).map { _ in admit(.general, credential: 10).allowed } == [true, true, true, true, false])
        #expect(admit(.general, credential: 11).allowed)
    }

    @Test("Made-up credentials count against their address")
    func unproven() {
        #expect((0..<4).map { admit(.general, credential: UInt64(100 + $0)).allowed } == [true, true, true, false])
    }

    @Test("A refused credential has to prove itself again")
    func refused() {
        if let ticket = admit(.general, credential: 7).1 { limiter.settle(ticket, .accepted) }
        if let ticket = admit(.general, credential: 7).1 { limiter.settle(ticket, .refused) }
        #expect((0..<3).map { _ in admit(.general).allowed } == [true, true, true])
        #expect(!admit(.general, credential: 7).allowed)
    }

    @Test("A user is counted by all their tokens, an organization by all its users, and no address pays for them")
    func principals() {
        let limiter = RateLimiter(
            .init(
                address: RateLimit(rate: 1, burst: 1), credential: RateLimit(rate: 1, burst: 1),
                principal: RateLimit(rate: 1, burst: 3), organization: RateLimit(rate: 1, burst: 4),
                signIn: RateLimit(rate: 1, burst: 1), capacity: 1024))
        func admit(_ user: UInt64) -> RateDecision? {
            limiter.admit(principal: user, organization: 100, now: 0).decision
        }
        #expect((0..<4).map { _ in admit(1)?.isAllowed } == [true, true, true, false])
        // The fourth was the user's alone; the organization has one left, and tells that it has.
        #expect(admit(2)?.remaining == 0)
        #expect(admit(2)?.isAllowed == false)
        // What the organization refused the user still has.
        #expect(limiter.admit(principal: 2, organization: nil, now: 0).decision?.remaining == 1)
        #expect(limiter.admit(.general, address: 1, credential: nil, now: 0).decision?.isAllowed == true)
    }

    @Test("However many addresses come, no more are kept than there is room for")
    func capacity() {
        let limiter = RateLimiter(
            .init(
                address: RateLimit(rate: 1, burst: 3), credential: RateLimit(rate: 1, burst: 5),
                signIn: RateLimit(rate: 1, burst: 1), capacity: 4096))
        limiter.meet(gateways: 2)
        // Spread over all bits, as hashes are.
        for number in UInt64(0)..<1_000_000 {
            let address = number &* 0x9E37_79B9_7F4A_7C15
            let admission = limiter.admit(.address, address: address, credential: nil, now: number)
            if admission.hot.contains(LimitKinds(.address)) {
                limiter.share(.address, address, as: LimitName(text: "\(number)"), now: number)
            }
        }
        #expect((1...4096).contains(limiter.counts.kept))
        #expect(limiter.counts.shared <= limiter.counts.kept)
        #expect(limiter.admit(.address, address: 1, credential: nil, now: 0).decision?.isAllowed == true)
    }

    @Test(
        "Only a success proves anything",
        arguments: [
            (200, RateLimiter.Outcome.accepted), (101, .accepted), (304, .accepted), (401, .refused), (404, .unknown),
            (303, .unknown), (500, .unknown),
        ])
    func outcomes(status: Int, outcome: RateLimiter.Outcome) {
        #expect(RateLimiter.Outcome(status: status) == outcome)
    }
}
