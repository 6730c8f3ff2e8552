import Foundation

/// Which devices of the active organization a user may see.
public enum DeviceVisibility: Sendable, Hashable {
    case all
    /// Those, and those of these projects.
    case only(devices: [UUID], projects: [UUID])
}

extension UserPrincipal {
    /// All for whoever has a role, else what the grants name.
    public var deviceVisibility: DeviceVisibility {
        guard role == nil else { return .all }
        var devices: [UUID] = []
        var projects: [UUID] = []
        for grant in grants {
            switch grant.resource {
            case .device(let id): devices.append(id)
            case .project(let id): projects.append(id)
            }
        }
        return .only(devices: devices, projects: projects)
    }
}
