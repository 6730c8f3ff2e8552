import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// `/alerts` and `/alerts/{id}`, with the parts that their scripts load again, and what is done there about alerts.
struct AlertPageRoutes: Sendable {
    let pages: AlertPages
    let actions: AlertActions

    func add(to routes: inout RouteTable) {
        let read = Access.user(atLeast: .viewer, orGrant: true)
        for (path, template) in [("/alerts", "alerts"), ("/alerts/list", "alerts_list")] {
            routes.page(path, read) { request, context in try await pages.list(template, request, context) }
        }
        for (path, template) in [("/alerts/{id}", "alert"), ("/alerts/{id}/life", "alert_life")] {
            routes.page(path, read) { request, context in try await pages.show(template, request, context) }
        }
        add("acknowledge", .acknowledge, .acknowledged, to: &routes)
        add("resolve", .resolve, .resolved, to: &routes)
        add("dismiss", .dismiss, .dismissed, to: &routes)
        add("reopen", .reopen, .reopened, to: &routes)
        let act = Access.user(atLeast: .member, orGrant: true)
        routes.form("/alerts/{id}/assign", act, use: assign)
        routes.form("/alerts/{id}/comments", act, use: comment)
    }

    /// The list has these forms, too, and is come back to as it was.
    private func add(_ name: String, _ action: AlertAction, _ notice: AlertNotice, to routes: inout RouteTable) {
        routes.form("/alerts/{id}/\(name)", .user(atLeast: .member, orGrant: true)) { request, context in
            let query = try Self.list(of: context.form)
            return try await answering(.action, on: query, request, context) {
                let notes = context.form["notes"]?.trimmed ?? ""
                _ = try await actions.take(
                    action, on: context.id(), notes: notes.isEmpty ? nil : notes, by: context.user,
                    in: context.organizationID)
                guard let query else { return try back(notice, context) }
                let path = query.path(of: "/alerts")
                return Redirect(to: "\(path)\(path.contains("?") ? "&" : "?")done=\(notice.rawValue)")
            }
        }
    }

    @Sendable private func assign(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answering(.assignment, request, context) {
            let text = context.form["user_id"] ?? ""
            let member = UUID(uuidString: text)
            guard member != nil || text.isEmpty else {
                throw Problem.invalid("user_id", "is no member of the organization")
            }
            _ = try await actions.take(
                .assign(to: member), on: context.id(), notes: nil, by: context.user, in: context.organizationID)
            return try back(.assigned, context)
        }
    }

    @Sendable private func comment(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        return try await answering(.comment, request, context) {
            // A form has CRLF for what others write as LF.
            let text = (context.form["text"] ?? "").replacing("\r\n", with: "\n").trimmed
            _ = try await actions.alerts.database.withTransaction(as: .organization(organization)) { transaction in
                try await actions.comment(text, on: id, by: user, in: organization, transaction)
            }
            actions.life.outbox.wake()
            return try back(.commented, context)
        }
    }

    /// Answers a form; where that is refused the page that it stands on says why.
    ///
    /// - Parameter query: What the list shows that it stands on; nil: it stands on the alert's page.
    private func answering(
        _ form: AlertForm, on query: AlertListQuery? = nil, _ request: Request, _ context: AppRequestContext,
        _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context, act) { problem in
            if let query {
                let notes = context.form["notes"]?.trimmed ?? ""
                let refusal = AlertListRefusal(
                    problem: problem, alert: try? context.id(), notes: notes.isEmpty ? nil : notes)
                return try await pages.list("alerts", request, context, showing: query, refusal: refusal)
            }
            let refused = RefusedForm(name: form, fields: context.form, problem: problem)
            return try await pages.show("alert", request, context, refused: refused)
        }
    }

    private func back(_ notice: AlertNotice, _ context: AppRequestContext) throws -> Redirect {
        Redirect(to: "/alerts/\(try context.id().text)", done: notice)
    }

    /// What the list shows that a form stands on; nil for one on an alert's page.
    private static func list(of form: FormFields) throws -> AlertListQuery? {
        guard form["from"] == "list" else { return nil }
        return try AlertListQuery(QueryParameters(form["query"] ?? ""))
    }
}
