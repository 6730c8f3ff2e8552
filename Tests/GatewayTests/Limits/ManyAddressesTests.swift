import TestKit
import Testing

@testable import Gateway

/// A flood from a hundred times as many addresses as there is room for.
@Suite("Many addresses")
struct ManyAddressesTests {
    private static let flood = 100_000
    private static let capacity = 1024
    private let limit = RateLimit(rate: 1, burst: 10)

    @Test("A table remembers no more buckets than it has room for, however many keys come")
    func bounded() {
        var table = BucketTable(limit, capacity: Self.capacity)
        var keys = SplitMix64(seed: 1)
        var last: [UInt64] = []
        for number in 0..<Self.flood {
            let key = keys.next()
            _ = table.take(key, now: 0)
            if number >= Self.flood - 10_000 { last.append(key) }
        }
        // The second token of a bucket that is still there, the first of a new one; the youngest first, as each that is new
        // takes the place of another.
        let known = last.reversed().count { table.take($0, now: 0).decision.remaining == 8 }
        #expect(known > 0 && known <= Self.capacity)
    }

    @Test("Who has used up a limit stays limited while many others come, and they are all let in")
    func drained() {
        var table = BucketTable(limit, capacity: Self.capacity)
        for _ in 0..<10 { _ = table.take(0, now: 0) }
        var keys = SplitMix64(seed: 2)
        var refused = 0
        for _ in 0..<Self.flood where !table.take(keys.next(), now: 0).decision.isAllowed { refused += 1 }
        #expect(refused == 0)
        #expect(!table.take(0, now: 0).decision.isAllowed)
    }
}
