import HTTPKit
import Hummingbird
import Identity

/// `/devices/new`: the form for a device, and what its board is to be told.
struct NewDeviceRoutes: Sendable {
    private static let path = "/devices/new"

    let renderer: PageRenderer
    let devices: DeviceStore
    let announcer: Announcer
    /// The base URL of the gateway.
    let site: String

    private enum Form { case device }

    func add(to routes: inout RouteTable) {
        routes.page(Self.path, .user(atLeast: .admin)) { request, context in
            let page = NewDevicePage(FormState(of: Form.device, nil))
            return try renderer.render("device_new", page, for: request, context)
        }
        routes.form(Self.path, .user(atLeast: .admin), use: register)
    }

    /// The key is shown on the page that answers, and nowhere else.
    @Sendable private func register(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let organization = try context.organizationID
        return try await answeringForm(request, context) {
            let profile = try Self.profile(context.form)
            let registration = try await devices.database.withTransaction(
                as: .organization(organization)
            ) { transaction in
                try await devices.register(profile, in: organization, context.cause, transaction)
            }
            announcer.committed()
            var response = try renderer.render(
                "device_made", MadeDevicePage(registration, site: site), status: .created, for: request, context
            ).response(from: request, context: context)
            response.headers[.cacheControl] = "no-store"
            return response
        } again: { problem in
            let refused = RefusedForm(name: Form.device, fields: context.form, problem: problem)
            let page = NewDevicePage(FormState(of: Form.device, refused))
            return try renderer.render("device_new", page, status: problem.status, for: request, context)
                .response(from: request, context: context)
        }
    }

    /// - Throws: 422 with the fields at fault.
    private static func profile(_ form: FormFields) throws -> DeviceProfile {
        var profile = DeviceProfile(name: form["name"] ?? "", deviceType: form["device_type"] ?? "")
        profile.serialNumber = form.text("serial_number")
        profile.location = form.text("location")
        profile.sensors = form.list("sensors")
        guard let interval = Int(form.text("reading_interval") ?? "\(DeviceProfile.defaultReadingInterval)") else {
            throw Problem.invalid("reading_interval", "must be a whole number of seconds")
        }
        profile.readingInterval = interval
        profile = profile.normalized
        try validate { $0.profile(profile) }
        return profile
    }
}
