import FoundationEssentials
import Synchronization

/// How much of something may be under way at once, all in all and of one organization, so that one does not keep the others
/// out. Nobody waits: who finds no slot is to try again later.
final class Slots: Sendable {
    private let count: Int
    private let share: Int
    private let taken = Mutex<[UUID: Int]>([:])

    /// - Parameter share: How many of the slots an organization may have.
    init(_ count: Int, share: Int) {
        self.count = count
        self.share = share
    }

    /// A slot, which is taken for as long as somebody holds it; nil where none is free.
    func take(for organization: UUID) -> Slot? {
        let isFree = taken.withLock { taken in
            guard taken[organization, default: 0] < share, taken.values.reduce(0, +) < count else { return false }
            taken[organization, default: 0] += 1
            return true
        }
        return isFree ? Slot(of: self, for: organization) : nil
    }

    final class Slot: Sendable {
        private let slots: Slots
        private let organization: UUID

        fileprivate init(of slots: Slots, for organization: UUID) {
            self.slots = slots
            self.organization = organization
        }

        deinit {
            slots.taken.withLock { taken in
                let rest = (taken[organization] ?? 0) - 1
                taken[organization] = rest > 0 ? rest : nil
            }
        }
    }
}
