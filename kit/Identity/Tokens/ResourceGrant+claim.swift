import Foundation

/// A grant as it is written in tokens: `device:<id>:<role>` or `project:<id>:<role>`.
extension ResourceGrant {
    public var claim: String {
        switch resource {
        case .device(let id): "device:\(id.uuidString.lowercased()):\(role.rawValue)"
        case .project(let id): "project:\(id.uuidString.lowercased()):\(role.rawValue)"
        }
    }

    /// Nil for a kind of grant that this version does not know.
    public init?(claim: String) {
        let parts = claim.split(separator: ":").map(String.init)
        guard parts.count == 3, let id = UUID(uuidString: parts[1]), let role = Role(rawValue: parts[2]) else {
            return nil
        }
        switch parts[0] {
        case "device": self.init(resource: .device(id), role: role)
        case "project": self.init(resource: .project(id), role: role)
        default: return nil
        }
    }
}
