import FoundationEssentials

/// Decides line by line what becomes of an imported file, given what there is.
struct DeviceImport: Sendable {
    /// What is to be done for a line.
    enum Step: Sendable, Hashable {
        case create(DeviceProfile)
        case update(Device, DeviceProfile)
        /// The device is as the line says.
        case leave(Device)
        case refuse(Refusal)
    }

    /// Why a line is not taken, though nothing is wrong with it by itself.
    enum Refusal: Sendable, Hashable {
        /// The project is none of the organization.
        case unknownProject
        /// The plan allows no more devices.
        case limitReached(plan: String, limit: Int)
        /// Somebody has registered the serial number at the same time.
        case serialNumberTaken
    }

    /// The organization's devices, by serial number.
    let known: [String: Device]
    /// Those of the organization, as far as lines name them.
    let projects: Set<UUID>
    /// Nil where nothing is limited.
    private(set) var allowance: DeviceAllowance?

    /// Of each serial number there may be one line.
    mutating func step(for row: DeviceRow) -> Step {
        guard let device = known[row.serialNumber] else { return registration(of: row.profile) }
        let profile = row.applied(to: device.profile)
        if profile == device.profile { return .leave(device) }
        let isMoved = profile.projectID != device.profile.projectID
        return isMoved && !isKnown(profile.projectID) ? .refuse(.unknownProject) : .update(device, profile)
    }

    private mutating func registration(of profile: DeviceProfile) -> Step {
        guard isKnown(profile.projectID) else { return .refuse(.unknownProject) }
        if let allowance, allowance.isUsedUp {
            return .refuse(.limitReached(plan: allowance.plan, limit: allowance.limit))
        }
        allowance?.count += 1
        return .create(profile)
    }

    private func isKnown(_ project: UUID?) -> Bool { project.map(projects.contains) ?? true }
}
