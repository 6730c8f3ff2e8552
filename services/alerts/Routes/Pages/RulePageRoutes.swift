import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/alerts/rules`, the editor of rules, and what it is told.
struct RulePageRoutes: Sendable {
    private static let path = RulePages.path
    private static let tested = Duration.seconds(7 * 86_400)

    let pages: RulePages
    let editor: RuleEditor
    let test: RuleTest

    func add(to routes: inout RouteTable) {
        let (read, write) = (Access.user(atLeast: .viewer), Access.user(atLeast: .admin))
        routes.page(Self.path, read) { request, context in try await pages.list(request, context) }
        routes.page(Self.path + "/new", write) { request, context in try await pages.new(request, context) }
        routes.form(Self.path + "/new", write, use: create)
        routes.page(Self.path + "/{id}", read) { request, context in try await pages.show(request, context) }
        routes.form(Self.path + "/{id}", write, use: change)
        routes.form(Self.path + "/{id}/enabled", write, use: setEnabled)
        routes.form(Self.path + "/{id}/test", write, use: run)
        routes.form(Self.path + "/{id}/delete", write, use: delete)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        return try await answering(.definition, request, context, again: pages.new) {
            let definition = try await definition(context)
            let rule = try await editor.rules.database.withTransaction(
                as: .organization(organization)
            ) { transaction in
                try await editor.create(definition, by: user, in: organization, transaction)
            }
            await editor.versions.bump(organization)
            return Redirect(to: "\(Self.path)/\(rule.id.text)", done: RuleNotice.created)
        }
    }

    /// The version that the page showed must be the current one still, so that nobody undoes what another has written.
    @Sendable private func change(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answering(.definition, request, context, again: show) {
            _ = try await editor.replace(
                context.id(), with: definition(context), ifVersions: [Int(context.form["version"] ?? "") ?? 0],
                by: context.user, in: context.organizationID)
            return Redirect(to: "\(Self.path)/\(try context.id().text)", done: RuleNotice.saved)
        }
    }

    @Sendable private func setEnabled(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let isEnabled = context.form["enabled"] == "true"
        try await editor.setEnabled(isEnabled, of: context.id(), by: context.user, in: context.organizationID)
        let path = context.form["from"] == "list" ? Self.path : "\(Self.path)/\(try context.id().text)"
        return Redirect(to: path, done: isEnabled ? RuleNotice.enabled : .disabled)
            .response(from: request, context: context)
    }

    /// Lets the rule, as it is stored, go over past readings; the page that answers says when it would have fired.
    @Sendable private func run(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answering(.test, request, context, again: show) {
            guard let rule = try await editor.rules.find(context.id(), in: context.organizationID) else {
                throw Problem.notFound()
            }
            let now = Timestamp.now
            let range = TimeRange(start: now.adding(.zero - Self.tested), end: now)
            return try await pages.show(request, context, test: test.run(rule, over: range, among: nil))
        }
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answering(.deletion, request, context, again: show) {
            guard context.form["confirmed"] == "yes" else {
                throw Problem.invalid("confirmed", "must be ticked to delete the rule")
            }
            try await editor.delete(
                context.id(), ifVersions: nil, by: context.user, in: context.organizationID)
            return Redirect(to: Self.path, done: RuleNotice.deleted)
        }
    }

    /// What the form says, as the API checks it.
    private func definition(_ context: AppRequestContext) async throws -> RuleDefinition {
        let draft = try RuleDraft(context.form)
        let named = try await pages.directory.devices(
            named: OverrideLines(draft["overrides"]).names, in: context.organizationID)
        return try draft.input(named).definition()
    }

    private func show(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<RuleForm>?
    ) async throws -> Response {
        try await pages.show(request, context, refused: refused)
    }

    /// Answers a form; where that is refused the page that `again` shows says why.
    private func answering(
        _ form: RuleForm, _ request: Request, _ context: AppRequestContext,
        again: (Request, AppRequestContext, RefusedForm<RuleForm>?) async throws -> Response,
        _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context, act) { problem in
            var problem = problem
            if problem.status == .preconditionFailed {
                problem.detail = """
                    Somebody has changed the rule since you opened it. Below is what you typed; saving it again \
                    replaces the other change.
                    """
            }
            return try await again(request, context, RefusedForm(name: form, fields: context.form, problem: problem))
        }
    }
}
