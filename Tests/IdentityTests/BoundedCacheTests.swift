import Foundation
import Testing

@testable import Identity

@Suite struct BoundedCacheTests {
    private let now = Date(timeIntervalSince1970: 0)
    private let later = Date(timeIntervalSince1970: 10)

    @Test func itNeverHoldsMoreThanItsCapacity() {
        var cache = BoundedCache<Int, Int>(capacity: 10)
        for key in 0..<1000 {
            cache.insert(key, for: key, until: later)
            #expect(cache.count <= 10)
            #expect(cache.value(for: key, at: now) == key)
        }
    }

    @Test func whatIsUsedStays() {
        var cache = BoundedCache<Int, String>(capacity: 10)
        cache.insert("kept", for: -1, until: later)
        for key in 0..<1000 {
            cache.insert("other", for: key, until: later)
            #expect(cache.value(for: -1, at: now) == "kept")
        }
        #expect(cache.value(for: 0, at: now) == nil)
    }

    @Test func whatIsPastItsEndIsGone() {
        var cache = BoundedCache<Int, Int>(capacity: 10)
        cache.insert(1, for: 1, until: later)
        #expect(cache.value(for: 1, at: later) == nil)
        cache.insert(2, for: 1, until: later + 1)
        #expect(cache.value(for: 1, at: later) == 2)
        cache.remove(1)
        #expect(cache.value(for: 1, at: now) == nil)
    }
}
