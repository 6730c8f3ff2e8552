import FoundationEssentials
import HTTPKit
import Identity

/// Which device a request is about, and whether its caller may do with it what the request asks.
///
/// What the route's access says of the organization this says of the single device: a device reaches only itself, and
/// who holds grants only what they name. Anything else does not exist for the caller.
struct DeviceAccess: Sendable {
    let devices: DeviceStore

    /// The device in the path's place `{id}`.
    ///
    /// - Throws: 404 for one that the caller may not see, 403 for one on which its role is too small.
    func device(_ context: AppRequestContext, atLeast least: Role) async throws -> Device {
        try await device(try context.id(), context, atLeast: least)
    }

    /// As ``device(_:atLeast:)``, for an id from elsewhere.
    func device(_ id: UUID, _ context: AppRequestContext, atLeast least: Role) async throws -> Device {
        if let caller = context.principal?.device, caller.id != id { throw DeviceError.notFound }
        let device = try await devices.find(id, in: try context.organizationID)
        guard let user = context.principal?.user else { return device }
        guard let role = user.role(onDevice: id, ofProject: device.profile.projectID) else {
            throw DeviceError.notFound
        }
        guard role >= least else { throw Problem.forbidden() }
        return device
    }

    /// The id in the path's place `{id}` where it is the calling device's own.
    ///
    /// - Throws: 404 for another's.
    static func ownID(_ context: AppRequestContext) throws -> UUID {
        let device = try context.device
        guard try context.id() == device.id else { throw DeviceError.notFound }
        return device.id
    }
}

extension AppRequestContext {
    /// Who causes what the request changes.
    var cause: Cause {
        let actor: Cause.Actor =
            switch principal {
            case .user(let user): .user(user.id)
            case .device(let device): .device(device.id)
            case .service, nil: .system
            }
        return Cause(actor: actor, traceparent: trace.traceparent)
    }
}
