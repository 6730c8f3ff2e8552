import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// `/devices` and `/devices/{id}`, with the parts of the latter that its script loads again.
struct DevicePageRoutes: Sendable {
    private static let path = "/devices"
    private static let listLength = 50

    let pages: DevicePages
    let devices: DeviceStore
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        let read = Access.user(atLeast: .viewer, orGrant: true)
        routes.page(Self.path, read, use: list)
        for (path, template) in [("", "device"), ("/state", "device_state"), ("/commands", "device_commands")] {
            routes.page(Self.path + "/{id}" + path, read) { request, context in
                try await pages.show(template, request, context)
            }
        }
        let manage = Access.user(atLeast: .admin, orGrant: true)
        routes.form(Self.path + "/{id}", manage, use: change)
        routes.form(Self.path + "/{id}/delete", manage, use: delete)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> HTML {
        let user = try context.user
        let query = try request.query()
        let part = try query.part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let filter = DeviceFilter(
            statuses: try query.value("status", as: DeviceStatus.self).map { [$0] } ?? [], text: query["q"],
            visibility: user.deviceVisibility)
        let found = try await devices.list(filter, in: try context.organizationID, part)
        let page = DevicesPage(
            try ListPart(found, of: part, key: \.id), filter: filter,
            mayRegister: user.role.map { $0 >= .admin } ?? false, notice: request.notice(DeviceNotice.self))
        return try pages.renderer.render("devices", page, for: request, context)
    }

    /// The version that the page showed must be the current one still, so that nobody undoes what another has written.
    @Sendable private func change(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await pages.access.device(context, atLeast: .admin)
        return try await pages.answering(.profile, request, context) {
            let form = context.form
            let changed = try await devices.update(
                device.id, in: device.organizationID, ifMatch: [Int(form["version"] ?? "") ?? 0], context.cause
            ) { current in
                var profile = current.profile
                profile.name = form["name"] ?? ""
                profile.description = form["description"]?.replacing("\r\n", with: "\n") ?? ""
                profile.location = form.text("location")
                profile.tags = form.list("tags")
                profile = profile.normalized
                try validate { $0.profile(profile) }
                return (profile, current.status)
            }
            if changed.version != device.version { announcer.committed() }
            return pages.back(.saved, to: device.id)
        }
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await pages.access.device(context, atLeast: .admin)
        return try await pages.answering(.deletion, request, context) {
            guard context.form["confirmed"] == "yes" else {
                throw Problem.invalid("confirmed", "must be ticked to delete the device")
            }
            try await devices.delete(device.id, in: device.organizationID, ifMatch: nil, context.cause)
            announcer.committed()
            return Redirect(to: Self.path, done: DeviceNotice.deleted)
        }
    }
}

extension FormFields {
    /// What was typed into an optional field; nil where nothing was.
    func text(_ name: String) -> String? {
        self[name].flatMap { $0.trimmed.isEmpty ? nil : $0 }
    }

    /// What was typed with commas between.
    func list(_ name: String) -> [String] {
        (self[name] ?? "").split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }
}
