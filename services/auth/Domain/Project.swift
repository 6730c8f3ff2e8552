import Foundation
import Kernel
import Postgres

/// Something that an organization works on, with devices, and people who may have a role on it alone.
struct Project: Sendable, Hashable {
    let id: UUID
    let organizationID: UUID
    let profile: ProjectProfile
    let version: Int
    let createdAt: Timestamp
    let lastUpdated: Timestamp
}

/// What people say of a project.
struct ProjectProfile: Sendable, Hashable {
    let name: String
    let description: String
    let status: ProjectStatus
    /// A member of the organization.
    let leadID: UUID?
    let properties: [String: AnyJSON]
}

enum ProjectStatus: String, Sendable, Codable, CaseIterable {
    case active
    case onHold = "on_hold"
    case completed
    case archived
}

/// Which projects a list shows.
struct ProjectFilter: Sendable {
    /// Any of these; empty for all.
    var statuses: [ProjectStatus] = []
    /// A part of the name or description, in any case.
    var text: String?
    /// Those that the caller may see; nil for all.
    var visible: [UUID]?
}

/// Why a project cannot be had or changed as asked.
enum ProjectError: Error, Hashable {
    /// There is none with that id in the organization.
    case notFound
    /// The caller's version is not the current one.
    case stale
    case leadIsNoMember
}

extension Project: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, name, description, status, properties, version
        case organizationID = "organization_id"
        case leadID = "project_lead_id"
        case createdAt = "created_at"
        case lastUpdated = "last_updated"
    }

    /// The project as the API answers it and as events carry it; without a lead that is null.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(organizationID.text, forKey: .organizationID)
        try container.encode(profile.name, forKey: .name)
        try container.encode(profile.description, forKey: .description)
        try container.encode(profile.status, forKey: .status)
        try container.encode(profile.leadID?.text, forKey: .leadID)
        try container.encode(profile.properties, forKey: .properties)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUpdated, forKey: .lastUpdated)
    }
}
