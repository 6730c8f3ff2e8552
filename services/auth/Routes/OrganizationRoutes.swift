import Foundation
import HTTPKit
import Hummingbird
import Identity

/// The organizations that the caller belongs to.
struct OrganizationRoutes: Sendable {
    let organizations: Organizations
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/organizations", .signedIn, use: list)
        routes.post("/api/v1/organizations", .signedIn, tokens: .signIn, use: create)
        routes.get("/api/v1/organizations/{id}", .member(atLeast: .viewer), use: show)
        routes.put("/api/v1/organizations/{id}", .member(atLeast: .admin), use: update)
        routes.delete("/api/v1/organizations/{id}", .member(atLeast: .owner), tokens: .signIn, use: delete)
        routes.on(
            .post, "/api/v1/organizations/{id}/restore", .member(atLeast: .owner), RouteOptions(body: .any()),
            tokens: .signIn,
            use: restore)
    }

    @Sendable
    private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<OrganizationDocument> {
        let page = try request.query().page(of: UUID.self)
        let found = try await organizations.list(of: try Requester(context.user), page)
        return try page.page(found, key: \.id, item: OrganizationDocument.init)
    }

    @Sendable
    private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let user = try context.user
        let response = try await idempotency.create(NameInput.self, request, context, as: .platform) {
            input, transaction in
            let organization = try await organizations.create(try input.displayName, owner: user.id, transaction)
            return JSON(
                OrganizationDocument(organization), status: .created, version: organization.version,
                isCallersView: true, location: "/api/v1/organizations/\(organization.id.text)")
        }
        organizations.ledger.outbox.wake()
        return response
    }

    @Sendable
    private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<OrganizationDocument> {
        answer(try await organizations.find(try context.id(), by: try Requester(context.user)))
    }

    @Sendable
    private func update(_ request: Request, _ context: AppRequestContext) async throws -> JSON<OrganizationDocument> {
        let input = try await request.decode(as: OrganizationInput.self, context: context)
        return answer(
            try await organizations.update(
                try context.id(), name: try DisplayName(field: input.name), requiresTwoFactor: input.requiresTwoFactor,
                ifVersions: request.versionsToMatch, by: try Requester(context.user)))
    }

    @Sendable
    private func delete(_ request: Request, _ context: AppRequestContext) async throws -> JSON<OrganizationDocument> {
        let input = try await request.decode(as: NameInput.self, context: context)
        let organization = try await organizations.delete(
            try context.id(), confirmedBy: input.name, ifVersions: request.versionsToMatch,
            by: try Requester(context.user))
        return answer(organization, status: .accepted)
    }

    @Sendable
    private func restore(_ request: Request, _ context: AppRequestContext) async throws -> JSON<OrganizationDocument> {
        answer(
            try await organizations.restore(
                try context.id(), ifVersions: request.versionsToMatch, by: try Requester(context.user)))
    }

    private func answer(
        _ organization: Organization, status: HTTPResponse.Status = .ok
    ) -> JSON<OrganizationDocument> {
        JSON(OrganizationDocument(organization), status: status, version: organization.version, isCallersView: true)
    }
}

private struct NameInput: Decodable, Sendable {
    let name: String

    /// - Throws: 422.
    var displayName: DisplayName {
        get throws(Problem) { try DisplayName(field: name) }
    }
}

private struct OrganizationInput: Decodable {
    let name: String
    let requiresTwoFactor: Bool?

    enum CodingKeys: String, CodingKey {
        case name
        case requiresTwoFactor = "requires_two_factor"
    }
}

extension DisplayName {
    /// - Throws: 422 for `name`.
    init(field text: String) throws(Problem) {
        guard let name = DisplayName(text) else { throw .invalid("name", DisplayName.rule) }
        self = name
    }
}
