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

extension DeviceKey {
    /// The key of a secret that was made just now.
    init(new secret: SecretToken, of device: UUID, in organization: UUID) {
        self.init(hash: secret.hash, deviceID: device, organizationID: organization, version: 1, expiresAt: nil)
    }
}

/// What becomes of a device's keys when it gets a new one.
struct KeyRotation: Sendable, Hashable {
    /// Void at once.
    var revoked: [DeviceKey] = []
    /// The key that was current, and when it ends from now on; nil when nothing overlaps.
    var overlapping: DeviceKey?

    /// How long the key that was current holds, unless the caller says otherwise.
    static let defaultOverlap = Duration.seconds(86_400)
    /// How many keys besides may be left when a board provisions itself again: of answers that came and answers that
    /// did not, the board alone knows which key it has.
    static let maximumLeftovers = 16

    /// The key that was current holds for `overlap` more, beside the new one. Of keys left over from earlier rotations
    /// the `leftovers` that hold longest go on to their own end, the others are revoked: none is left when a person
    /// rotates, so that two keys at most are valid.
    init(of keys: [DeviceKey], overlap: Duration, leftovers: Int = 0, at now: Timestamp) {
        var ending: [(key: DeviceKey, end: Timestamp)] = []
        for key in keys {
            if let end = key.expiresAt {
                ending.append((key, end))
            } else if overlap > .zero {
                overlapping = DeviceKey(
                    hash: key.hash, deviceID: key.deviceID, organizationID: key.organizationID,
                    version: key.version + 1, expiresAt: now.adding(overlap))
            } else {
                revoked.append(key)
            }
        }
        revoked += ending.sorted { $0.end > $1.end }.dropFirst(leftovers).map(\.key)
    }
}
