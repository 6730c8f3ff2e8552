import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/alerts/maintenance`: when devices are worked at. Windows in some hours of the week are made by the API.
struct MaintenancePageRoutes: Sendable {
    private static let path = "/alerts/maintenance"
    private static let listLength = 50

    let renderer: PageRenderer
    let editor: MaintenanceEditor
    let directory: DirectoryStore

    private enum Form { case window }

    func add(to routes: inout RouteTable) {
        routes.page(Self.path, .user(atLeast: .viewer)) { request, context in try await list(request, context) }
        routes.form(Self.path, .user(atLeast: .admin), use: create)
        routes.form(Self.path + "/{id}/delete", .user(atLeast: .admin)) { request, context in
            try await editor.delete(context.id(), by: context.user, in: context.organizationID)
            return Redirect(to: Self.path, done: MaintenanceNotice.deleted)
        }
    }

    private func list(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<Form>? = nil
    ) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        let part = try request.query().part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let found = try await editor.windows.list(in: organization, part)
        let page = MaintenancePage(
            try ListPart(found, of: part, key: \.id),
            devices: user.isAdmin ? try await directory.devices(in: organization) : [], for: user,
            notice: request.notice(MaintenanceNotice.self), FormState(of: .window, refused))
        return try renderer.render(
            "maintenance", page, status: refused?.problem.status ?? .ok, for: request, context
        ).response(from: request, context: context)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization, now) = (try context.user, try context.organizationID, Timestamp.now)
        return try await answeringForm(request, context) {
            let definition = try Self.input(context.form).definition(at: now)
            _ = try await editor.windows.database.withTransaction(as: .organization(organization)) { transaction in
                try await editor.create(definition, by: user, in: organization, at: now, transaction)
            }
            await editor.versions.bump(organization)
            return Redirect(to: Self.path, done: MaintenanceNotice.created)
        } again: { problem in
            try await list(
                request, context, refused: RefusedForm(name: .window, fields: context.form, problem: problem))
        }
    }

    /// Where no device is chosen it is for all of them.
    ///
    /// - Throws: 422 for what cannot be read.
    private static func input(_ form: FormFields) throws -> MaintenanceWindowInput {
        var check = Validation()
        let texts = form.values(of: "scope.device_ids")
        let devices = texts.compactMap(UUID.init(uuidString:))
        check.require(devices.count == texts.count, "scope.device_ids", "must be among those offered")
        let input = MaintenanceWindowInput(
            name: (form["name"] ?? "").trimmed, notes: form["notes"]?.replacing("\r\n", with: "\n"),
            scope: RuleScopeDocument(devices.isEmpty ? .all : .devices(Set(devices))),
            startsAt: check.time(form["starts_at"], "starts_at"), endsAt: check.time(form["ends_at"], "ends_at"),
            recurring: nil)
        guard check.errors.isEmpty else { throw Problem.invalid(check.errors) }
        return input
    }
}

extension Validation {
    /// A time in UTC as a browser's field for one has it, such as `2026-11-27T08:00`; nil where none was given.
    fileprivate mutating func time(_ text: String?, _ field: String) -> Timestamp? {
        guard let text = text?.trimmed, !text.isEmpty else { return nil }
        let time = Timestamp(text + (text.utf8.count == 16 ? ":00Z" : "Z"))
        require(time != nil, field, "must be a date and a time")
        return time
    }
}
