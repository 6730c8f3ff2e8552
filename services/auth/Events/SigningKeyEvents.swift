import EventBus
import Foundation
import Kernel
import Postgres

extension Event {
    /// The subject is the key's `kid`, which the audit log names too.
    static func signingKeyAdded(_ key: StoredKey) throws -> Event {
        try Event(
            source: .auth, type: "signing_key.added", subject: key.key.kid, subjectVersion: 1, organizationID: nil,
            data: SigningKeyData(key))
    }

    static func signingKeyRetired(_ key: StoredKey) throws -> Event {
        try Event(
            source: .auth, type: "signing_key.retired", subject: key.key.kid, subjectVersion: 2, organizationID: nil,
            data: SigningKeyData(key))
    }
}

/// The data of `signing_key.added` and `signing_key.retired`, and of their rows in the audit log.
struct SigningKeyData: Encodable {
    let kid: String
    let signsFrom: Timestamp

    init(_ key: StoredKey) {
        kid = key.key.kid
        signsFrom = key.signsFrom
    }

    enum CodingKeys: String, CodingKey {
        case kid
        case signsFrom = "signs_from"
    }
}
