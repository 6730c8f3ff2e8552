import Foundation
import HTTPKit
import Hummingbird

/// `/organizations`: those that the caller belongs to; `/organizations/{id}`: one of them, and what is decided about it.
struct OrganizationPageRoutes: Sendable {
    private static let path = "/organizations"
    private static let listLength = 25

    let organization: OrganizationPages
    let organizations: Organizations
    let sessions: Sessions

    func add(to routes: inout RouteTable) {
        routes.page(Self.path, .signedIn) { request, context in try await list(request, context) }
        routes.form(Self.path, .signedIn, use: create)
        routes.page(Self.path + "/{id}", .member(atLeast: .viewer)) { request, context in
            try await organization.show(request, context)
        }
        routes.form(Self.path + "/{id}", .member(atLeast: .admin), use: rename)
        // Guests have a place there, too.
        routes.form(Self.path + "/{id}/activate", .signedIn, use: activate)
        routes.form(Self.path + "/{id}/two-factor", .member(atLeast: .owner), use: setRequirement)
        routes.form(Self.path + "/{id}/delete", .member(atLeast: .owner), use: delete)
        routes.form(Self.path + "/{id}/restore", .member(atLeast: .owner), use: restore)
    }

    private func list(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<OrganizationsForm>? = nil
    ) async throws -> Response {
        let user = try context.user
        let part = try request.query().part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let found = try await organizations.list(of: try Requester(user), part)
        let page = OrganizationsPage(
            try ListPart(found, of: part, key: \.id),
            invitations: try await organization.invitations.store.list(
                for: user.id, PageRequest(limit: Self.listLength, order: .descending, after: nil)),
            active: user.organizationID,
            frame: try await organization.pages.frame(OrganizationsNotice.self, request, context), refused: refused)
        return try organization.pages.show("organizations", page, refusal: refused?.problem, request, context)
    }

    @Sendable
    private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answering(.new, request, context) {
            let name = try DisplayName(field: context.form["name"] ?? "")
            let owner = try context.user.id
            let made = try await organizations.store.database.withTransaction(as: .platform) { transaction in
                try await organizations.create(name, owner: owner, transaction)
            }
            organizations.ledger.outbox.wake()
            return Redirect(to: "\(Self.path)/\(made.id.text)", done: OrganizationNotice.created)
        }
    }

    /// The browser goes on in another organization, by another cookie.
    @Sendable
    private func activate(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answering(.others, request, context) {
            let (cookie, _) = try await sessions.activateInBrowser(try context.id(), for: try context.user)
            return Redirect(to: Self.path, done: OrganizationsNotice.switched)
                .setting(SessionCookie.make(cookie, isSecure: request.isSecure))
        }
    }

    private func answering(
        _ form: OrganizationsForm, _ request: Request, _ context: AppRequestContext,
        _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context) {
            try await describingProblems(act)
        } again: { problem in
            let refused = RefusedForm(name: form, fields: context.form, problem: problem)
            return try await list(request, context, refused: refused)
        }
    }

    // MARK: One

    @Sendable
    private func rename(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.name, request, context) {
            _ = try await organizations.update(
                try context.id(), name: try DisplayName(field: context.form["name"] ?? ""), ifVersions: nil,
                by: try Requester(context.user))
            return try organization.back(.renamed, context)
        }
    }

    @Sendable
    private func setRequirement(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let isRequired = context.form["required"] == "true"
        return try await organization.answering(.secondFactor, request, context) {
            _ = try await organizations.update(
                try context.id(), requiresTwoFactor: isRequired, ifVersions: nil, by: try Requester(context.user))
            return try organization.back(isRequired ? .factorRequired : .factorOptional, context)
        }
    }

    @Sendable
    private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.deletion, request, context) {
            _ = try await organizations.delete(
                try context.id(), confirmedBy: context.form["name"] ?? "", ifVersions: nil,
                by: try Requester(context.user))
            return try organization.back(.deletion, context)
        }
    }

    @Sendable
    private func restore(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.action, request, context) {
            _ = try await organizations.restore(
                try context.id(), ifVersions: nil, by: try Requester(context.user))
            return try organization.back(.restored, context)
        }
    }
}
