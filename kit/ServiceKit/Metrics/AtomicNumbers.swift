import Synchronization

/// An integer that many threads add to without a lock.
final class AtomicInteger: Sendable {
    private let storage = Atomic<Int64>(0)

    var value: Int64 { storage.load(ordering: .relaxed) }

    func add(_ amount: Int64) {
        storage.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        storage.store(0, ordering: .relaxed)
    }
}

/// A floating-point number that many threads add to without a lock.
final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
