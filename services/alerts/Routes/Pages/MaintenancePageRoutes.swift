import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/alerts/maintenance`: when devices are worked at.
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
        let draft = refused.map { MaintenanceDraft($0.fields) } ?? MaintenanceDraft()
        let page = MaintenancePage(
            try ListPart(found, of: part, key: \.id),
            names: try await directory.names(of: found.map(\.definition.scope), in: organization), draft,
            user.isAdmin ? try await directory.choices(for: draft.scope, in: organization) : .none, at: .now, for: user,
            notice: request.notice(MaintenanceNotice.self), FormState(of: .window, refused))
        return try renderer.render(
            "maintenance", page, status: refused?.problem.status ?? .ok, for: request, context
        ).response(from: request, context: context)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization, now) = (try context.user, try context.organizationID, Timestamp.now)
        return try await answeringForm(request, context) {
            let definition = try MaintenanceDraft(context.form).input().definition(at: now)
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
}
