import HTTPKit
import Hummingbird
import Identity

/// `/alerts/preferences`: what the caller is mailed in the active organization.
struct PreferencePageRoutes: Sendable {
    private static let path = "/alerts/preferences"

    let renderer: PageRenderer
    let preferences: PreferenceStore

    private enum Form { case preferences }

    func add(to routes: inout RouteTable) {
        routes.page(Self.path, .user(atLeast: .viewer)) { request, context in try await show(request, context) }
        routes.form(Self.path, .user(atLeast: .viewer)) { request, context in
            try await answeringForm(request, context) {
                let wanted = try Self.input(context.form).checked(at: .now)
                _ = try await preferences.replace(
                    wanted, ifVersions: nil, by: context.user, in: context.organizationID)
                return Redirect(to: Self.path, done: PreferenceNotice.saved)
            } again: { problem in
                try await show(
                    request, context,
                    refused: RefusedForm(name: .preferences, fields: context.form, problem: problem))
            }
        }
    }

    private func show(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<Form>? = nil
    ) async throws -> Response {
        let user = try context.user
        let (found, _) = try await preferences.find(user.id, in: context.organizationID)
        let page = PreferencesPage(
            found, typed: refused?.fields, for: user, notice: request.notice(PreferenceNotice.self),
            FormState(of: .preferences, refused))
        return try renderer.render(
            "preferences", page, status: refused?.problem.status ?? .ok, for: request, context
        ).response(from: request, context: context)
    }

    private static func input(_ form: FormFields) -> PreferencesInput {
        let hours = PreferencesInput.QuietHours(
            timeZone: (form["time_zone"] ?? "").trimmed, from: (form["from"] ?? "").trimmed,
            to: (form["to"] ?? "").trimmed, days: form.values(of: "days"))
        return PreferencesInput(
            email: PreferencesInput.Email(
                enabled: form["enabled"] == "true", minimumSeverity: form["minimum_severity"],
                quietHours: form["quiet"] == "true" ? hours : nil, exceptCritical: form["except_critical"] == "true"))
    }
}
