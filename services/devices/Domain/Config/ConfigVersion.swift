import FoundationEssentials
import Kernel
import Postgres

/// A configuration as it once was.
struct ConfigVersion: Sendable {
    let version: Int
    let settings: [String: AnyJSON]
    let createdAt: Timestamp
    /// Who made it, as events name it: `user:<id>`.
    let createdBy: String
}

extension ConfigVersion: Encodable {
    private enum CodingKeys: String, CodingKey {
        case version
        case settings = "config"
        case createdAt = "created_at"
        case createdBy = "created_by"
    }
}
