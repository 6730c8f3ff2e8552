import FoundationEssentials
import Kernel
import Postgres

/// An image that devices of one type can run.
struct Firmware: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let label: FirmwareLabel
    let digest: FirmwareDigest
    /// Whether it is the one that devices of its type are to have.
    let isCurrent: Bool
    /// The user who uploaded it.
    let createdBy: UUID?
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp

    /// How many bytes an image may have; so many the gateway lets through.
    static let maximumSize = 16 << 20
    /// How many bytes a piece has in which an image is stored.
    static let chunkSize = 256 << 10
    /// An organization may have that many.
    static let maximumPerOrganization = 100

    static let path = "/api/v1/firmware"
    /// Where its image is found.
    var contentPath: String { "\(Self.path)/\(id.text)/content" }

    /// Whether a device that says it runs `version` is to get this one in its place.
    func isUpdate(of version: String?) -> Bool {
        version.flatMap(FirmwareVersion.init) != label.version
    }
}

/// What people say of a firmware.
struct FirmwareLabel: Sendable, Hashable {
    let deviceType: String
    /// Unique among those of the type.
    let version: FirmwareVersion
    var description = ""
    /// As whoever built it gave it; devices know how to check it.
    var signature: String?
}

/// What an image is known by.
struct FirmwareDigest: Sendable, Hashable {
    /// Bytes.
    let size: Int
    /// 64 hexadecimal digits, in lower case.
    let sha256: String
}

extension Firmware: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, description, size, sha256, signature, current, url, version
        case organizationID = "organization_id"
        case deviceType = "device_type"
        case firmwareVersion = "firmware_version"
        case createdBy = "created_by"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    /// The firmware as the API answers it and as the audit trail keeps it; a value that there is not is null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(label.deviceType, forKey: .deviceType)
        try container.encode(label.version.text, forKey: .firmwareVersion)
        try container.encode(label.description, forKey: .description)
        try container.encode(digest.size, forKey: .size)
        try container.encode(digest.sha256, forKey: .sha256)
        try container.encode(label.signature, forKey: .signature)
        try container.encode(isCurrent, forKey: .current)
        try container.encode(contentPath, forKey: .url)
        try container.encode(createdBy?.text, forKey: .createdBy)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUpdated, forKey: .lastUpdated)
    }
}

extension Firmware {
    /// What a command that orders a device to take it says of it.
    var order: [String: AnyJSON] {
        var order: [String: AnyJSON] = [
            "firmware_id": .string(id.text), "firmware_version": .string(label.version.text),
            "size": .integer(digest.size), "sha256": .string(digest.sha256), "url": .string(contentPath),
        ]
        order["signature"] = label.signature.map { .string($0) }
        return order
    }
}

/// Why a firmware cannot be had or changed as asked.
enum FirmwareError: Error, Hashable {
    /// There is none with that id that the caller may see.
    case notFound
    /// Another firmware of the type has that version.
    case versionTaken
    /// The organization has as many as it may have.
    case tooMany
    /// The caller's version is not the current one.
    case stale(current: Int)
    /// The image has more bytes than one may have.
    case tooLarge
    /// The image came to its end before all its bytes were there.
    case cutOff
    /// A piece of the image is gone, since the firmware was deleted meanwhile.
    case contentGone
}
