import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres
import Synchronization

/// Roles on single devices and projects, which the admins of an organization give and take.
struct GrantRoutes: Sendable {
    let grants: GrantStore
    let organizations: Organizations
    let announcer: RevocationAnnouncer
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/organizations/{id}/grants", .member(atLeast: .admin), use: list)
        routes.post("/api/v1/organizations/{id}/grants", .member(atLeast: .admin), use: create)
        routes.on(
            .delete, "/api/v1/organizations/{id}/grants/{grant_id}", .member(atLeast: .admin),
            RouteOptions(body: .none),
            use: delete)
    }

    @Sendable
    private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<GrantDocument> {
        let page = try request.query().page(of: UUID.self)
        let found = try await grants.list(in: try context.id(), page)
        return try page.page(found, key: \.id) { GrantDocument($0) }
    }

    @Sendable
    private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (organization, requester) = (try context.id(), try Requester(context.user))
        let given = Mutex<Revocation?>(nil)
        let response = try await describingProblems {
            try await idempotency.create(GrantInput.self, request, context, as: .platform) { input, transaction in
                // Looked at again, now that neither the caller's role nor what the organization demands can change meanwhile.
                _ = try await organizations.lock(organization, by: requester, atLeast: .admin, transaction)
                let (grant, revocation) = try await grants.insert(
                    try input.holder, try input.grant, in: organization, by: requester.userID, transaction)
                given.withLock { $0 = revocation }
                return JSON(GrantDocument(grant), status: .created)
            }
        }
        if let revocation = given.withLock(\.self) { await announcer.announce(revocation) }
        return response
    }

    @Sendable
    private func delete(_ request: Request, _ context: AppRequestContext) async throws -> HTTPResponse.Status {
        let revocation = try await grants.delete(
            try context.id("grant_id"), in: try context.id(), by: try context.user.id)
        guard let revocation else { throw Problem.notFound() }
        await announcer.announce(revocation)
        return .noContent
    }
}
