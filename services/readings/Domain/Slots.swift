import Synchronization

/// How many of something may be under way at once. Nobody waits: who finds no slot is to try again later.
final class Slots: Sendable {
    private let count: Int
    private let taken = Mutex(0)

    init(_ count: Int) {
        self.count = count
    }

    /// A slot, which is taken for as long as somebody holds it; nil where none is free.
    func take() -> Slot? {
        let isFree = taken.withLock { taken in
            guard taken < count else { return false }
            taken += 1
            return true
        }
        return isFree ? Slot(of: self) : nil
    }

    final class Slot: Sendable {
        private let slots: Slots

        fileprivate init(of slots: Slots) {
            self.slots = slots
        }

        deinit {
            slots.taken.withLock { $0 -= 1 }
        }
    }
}
