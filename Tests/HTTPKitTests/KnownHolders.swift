import Identity
import Synchronization

/// Who holds the credentials that a test has given out, by their hashes.
final class KnownHolders<Holder: Sendable>: Sendable {
    private let holders = Mutex<[SecretHash: Holder]>([:])

    func hold(_ hash: SecretHash, _ holder: Holder) {
        holders.withLock { $0[hash] = holder }
    }

    subscript(hash: SecretHash) -> Holder? { holders.withLock { $0[hash] } }
}
