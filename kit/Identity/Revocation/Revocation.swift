import Foundation

/// The announcement that credentials are void before their time.
///
/// As JSON, on the channel `lms:revoked` and in the answer of `GET /internal/v1/revocations`:
///
///     {"kind": "session", "id": "<uuid>", "at": 1764000000123456, "until": 1766592000123456}
///
/// | kind | members beside `at` and `until` | voids |
/// | --- | --- | --- |
/// | `session` | `id` | the tokens of a session |
/// | `token` | `id` | one JWT by its `jti`, or what was known before `at` of a personal access token, by its id |
/// | `user` | `id` | all that was issued to a user before `at` |
/// | `membership` | `id` (user), `organization_id` | what was issued to a user for an organization before `at` |
/// | `organization` | `id` | every credential of a deleted organization |
/// | `device_key` | `key_hash` (64 hexadecimal digits) | a device's key |
///
/// `at` and `until` are microseconds since 1970; after `until` nothing that it voids could still be valid, and it is
/// forgotten.
public struct Revocation: Sendable, Hashable {
    public enum Subject: Sendable, Hashable {
        case session(UUID)
        case token(UUID)
        case user(UUID)
        case membership(user: UUID, organization: UUID)
        case organization(UUID)
        case deviceKey(SecretHash)
    }

    /// The Redis channel that revocations are announced on.
    public static let channel = "lms:revoked"

    public var subject: Subject
    /// Microseconds since 1970.
    public var at: Int64
    /// Microseconds since 1970.
    public var until: Int64

    public init(_ subject: Subject, at: Int64, until: Int64) {
        self.subject = subject
        self.at = at
        self.until = until
    }

    /// A revocation as of `date`, kept for `lifetime` seconds: that of the longest-lived credential it voids.
    public init(_ subject: Subject, at date: Date, lifetime: TimeInterval) {
        self.init(subject, at: date.microseconds, until: date.addingTimeInterval(lifetime).microseconds)
    }
}

extension Revocation: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, id, at, until
        case organizationID = "organization_id"
        case keyHash = "key_hash"
    }

    private enum Kind: String, Codable {
        case session, token, user, membership, organization
        case deviceKey = "device_key"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func id(_ key: CodingKeys = .id) throws -> UUID { try container.decode(UUID.self, forKey: key) }
        subject =
            switch try container.decode(Kind.self, forKey: .kind) {
            case .session: .session(try id())
            case .token: .token(try id())
            case .user: .user(try id())
            case .membership: .membership(user: try id(), organization: try id(.organizationID))
            case .organization: .organization(try id())
            case .deviceKey: .deviceKey(try container.decode(SecretHash.self, forKey: .keyHash))
            }
        at = try container.decode(Int64.self, forKey: .at)
        until = try container.decode(Int64.self, forKey: .until)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func encode(_ kind: Kind, _ id: UUID) throws {
            try container.encode(kind, forKey: .kind)
            try container.encode(id.uuidString.lowercased(), forKey: .id)
        }
        switch subject {
        case .session(let id): try encode(.session, id)
        case .token(let id): try encode(.token, id)
        case .user(let id): try encode(.user, id)
        case .membership(let user, let organization):
            try encode(.membership, user)
            try container.encode(organization.uuidString.lowercased(), forKey: .organizationID)
        case .organization(let id): try encode(.organization, id)
        case .deviceKey(let hash):
            try container.encode(Kind.deviceKey, forKey: .kind)
            try container.encode(hash, forKey: .keyHash)
        }
        try container.encode(at, forKey: .at)
        try container.encode(until, forKey: .until)
    }
}

extension Date {
    /// Microseconds since 1970, saturating.
    var microseconds: Int64 {
        let microseconds = (timeIntervalSince1970 * 1_000_000).rounded()
        return Int64(exactly: microseconds) ?? (microseconds < 0 ? .min : .max)
    }
}
