import Identity
import Synchronization

/// Device keys that the test's authenticator knows.
final class KnownDevices: Sendable {
    private let devices = Mutex<[SecretHash: DevicePrincipal]>([:])

    subscript(hash: SecretHash) -> DevicePrincipal? { devices.withLock { $0[hash] } }

    func hold(_ hash: SecretHash, _ device: DevicePrincipal) {
        devices.withLock { $0[hash] = device }
    }
}
