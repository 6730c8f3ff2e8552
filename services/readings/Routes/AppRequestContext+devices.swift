import FoundationEssentials
import HTTPKit
import Identity

extension AppRequestContext {
    /// A device has been let through for its own readings.
    var deviceVisibility: DeviceVisibility { principal?.user?.deviceVisibility ?? .all }
}

extension SeriesFilter {
    /// The series of `devices` that the query names by `sensor_type`, as far as the caller may see them.
    init(_ query: QueryParameters, devices: [UUID], _ context: AppRequestContext) {
        self.init(devices: devices, sensorTypes: query.sensorTypes, visibility: context.deviceVisibility)
    }
}

extension DeviceStore {
    /// The device of the path, if the caller may see it.
    ///
    /// - Throws: 404 for one that does not exist, of another organization, that no grant of the user's names, or another
    ///   than the calling device.
    func device(of context: AppRequestContext) async throws -> UUID {
        let id = try context.id()
        if let caller = context.principal?.device, caller.id != id { throw Problem.notFound() }
        let isThere = try await contains(id, visibleBy: context.deviceVisibility, organization: context.organizationID)
        guard isThere else { throw Problem.notFound() }
        return id
    }

    /// Those of the devices for which the user has the role, by the organization or by a grant.
    ///
    /// - Throws: `PostgresError`.
    func writable(
        _ ids: [UUID], by user: UserPrincipal, atLeast least: Role, in organization: UUID
    ) async throws -> Set<UUID> {
        let writable = try await projects(of: ids, organization: organization).filter { device, project in
            user.role(onDevice: device, ofProject: project).map { $0 >= least } ?? false
        }
        return Set(writable.keys)
    }

    /// What is wrong with any other.
    static let notWritable = "must be a device for which you may send readings"
}
