import Foundation
import HTTPKit
import Hummingbird

/// `/api/v1/admin`: the platform as a whole, for superusers.
struct AdministrationRoutes: Sendable {
    let administration: AdministrationStore
    let announcer: RevocationAnnouncer

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/admin/users", .superuser) { request, _ in
            let query = try request.query()
            let page = try query.page(of: UUID.self)
            let accounts = try await administration.accounts(
                text: query["q"], isActive: query.value("is_active"), page)
            return try page.page(accounts, key: \.user.id) { AccountAnswer($0) }
        }
        routes.get("/api/v1/admin/organizations", .superuser) { request, _ in
            let query = try request.query()
            let page = try query.page(of: UUID.self)
            let organizations = try await administration.organizations(text: query["q"], page)
            return try page.page(organizations, key: \.id) { OrganizationSummary($0) }
        }
        routes.get("/api/v1/admin/stats", .superuser) { _, _ in
            JSON(TotalsAnswer(try await administration.totals()))
        }
        routes.patch("/api/v1/admin/users/{id}", .superuser, use: change)
    }

    /// Nobody locks themselves out, so the platform keeps a superuser.
    @Sendable private func change(_ request: Request, _ context: AppRequestContext) async throws -> JSON<AdminUser> {
        let (id, caller) = (try context.id(), try context.user)
        let input = try await request.decode(as: AccessInput.self, context: context)
        guard id != caller.id || (input.isActive != false && input.isSuperuser != false) else {
            throw Problem.conflict("You cannot take your own access away; another superuser can.")
        }
        guard
            let (user, revocation) = try await administration.change(
                id, isActive: input.isActive, isSuperuser: input.isSuperuser, ifVersions: request.versionsToMatch,
                by: caller.id)
        else { throw Problem.notFound() }
        if let revocation { await announcer.announce(revocation) }
        return JSON(AdminUser(user), version: user.version)
    }
}

private struct AccessInput: Decodable {
    let isActive: Bool?
    let isSuperuser: Bool?

    enum CodingKeys: String, CodingKey {
        case isActive = "is_active"
        case isSuperuser = "is_superuser"
    }
}
