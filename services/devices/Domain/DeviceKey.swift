import FoundationEssentials
import Identity
import Postgres

/// A key that a device shows, by its hash.
struct DeviceKey: Sendable, Hashable {
    let hash: SecretHash
    let deviceID: UUID
    let organizationID: UUID
    /// Counts the changes of its end.
    let version: Int
    /// Nil while it has no end.
    let expiresAt: Timestamp?
}

/// What becomes of a device's keys when it gets a new one.
struct KeyRotation: Sendable, Hashable {
    /// Void at once.
    var revoked: [DeviceKey] = []
    /// The key that was current, and when it ends from now on; nil when nothing overlaps.
    var overlapping: DeviceKey?

    /// Two keys at most are valid during a rotation: the one that was current, for `overlap` more, and the new one. A
    /// key left over from an earlier rotation is revoked.
    init(of keys: [DeviceKey], overlap: Duration, at now: Timestamp) {
        for key in keys {
            if key.expiresAt == nil, overlap > .zero {
                overlapping = DeviceKey(
                    hash: key.hash, deviceID: key.deviceID, organizationID: key.organizationID,
                    version: key.version + 1, expiresAt: now.adding(overlap))
            } else {
                revoked.append(key)
            }
        }
    }
}
