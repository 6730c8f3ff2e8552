import Foundation
import Identity
import Postgres

/// A role on one device or project of an organization.
struct Grant: Sendable, Hashable {
    /// Who has it.
    enum Holder: Sendable, Hashable {
        case user(UUID)
        /// A personal access token, which then reaches nothing else.
        case token(UUID)
    }

    let id: UUID
    let organizationID: UUID
    let holder: Holder
    let resource: ResourceGrant
    let createdAt: Timestamp
}

/// Where somebody acts, and as what.
struct Standing: Sendable, Hashable {
    /// Nil who belongs nowhere.
    var organizationID: UUID?
    /// Nil where only grants hold.
    var role: Role?
    var grants: [ResourceGrant] = []

    /// What a personal access token with grants of its own reaches: these, and on none more than its user may.
    func confined(to own: [ResourceGrant]) -> Standing {
        guard !own.isEmpty else { return self }
        let grants = own.compactMap { grant in
            let roles = self.grants.filter { $0.resource == grant.resource }.map(\.role) + (role.map { [$0] } ?? [])
            return roles.max().map { ResourceGrant(resource: grant.resource, role: min(grant.role, $0)) }
        }
        return Standing(organizationID: organizationID, role: nil, grants: grants)
    }

    /// Whether anything of the organization can be reached at all.
    var isSomewhere: Bool { role != nil || !grants.isEmpty }
}

extension Grant.Holder {
    /// The user's id or the token's.
    var ids: (user: UUID?, token: UUID?) {
        switch self {
        case .user(let id): (id, nil)
        case .token(let id): (nil, id)
        }
    }
}

extension ResourceGrant {
    /// Nil for a type or role that is none.
    init?(_ type: String, _ id: UUID, _ role: String) {
        guard let role = Role(rawValue: role) else { return nil }
        switch type {
        case "device": self.init(resource: .device(id), role: role)
        case "project": self.init(resource: .project(id), role: role)
        default: return nil
        }
    }

    /// As the database and the API call it.
    var type: String {
        switch resource {
        case .device: "device"
        case .project: "project"
        }
    }

    var id: UUID {
        switch resource {
        case .device(let id), .project(let id): id
        }
    }
}
