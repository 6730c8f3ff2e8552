import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// `/api/v1/projects`: what the active organization works on. Who has a role on single projects only sees no others.
struct ProjectRoutes: Sendable {
    let projects: ProjectStore
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/projects", .user(atLeast: .viewer, orGrant: true), use: list)
        routes.post("/api/v1/projects", .user(atLeast: .member), use: create)
        routes.get("/api/v1/projects/{id}", .user(atLeast: .viewer, orGrant: true), use: show)
        routes.put("/api/v1/projects/{id}", .user(atLeast: .member, orGrant: true), use: replace)
        routes.delete("/api/v1/projects/{id}", .user(atLeast: .member), RouteOptions(body: .none), use: delete)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<Project> {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let filter = ProjectFilter(
            statuses: try query.values("status", as: ProjectStatus.self), text: query["q"],
            visible: try context.user.visibleProjects)
        return try page.page(try await projects.list(filter, in: try context.organizationID, page), key: \.id)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        let response = try await idempotency.create(
            ProjectInput.self, request, context, as: .organization(organization)
        ) { input, transaction in
            let project = try await projects.create(
                try ProjectProfile(input), in: organization, by: user.id, transaction)
            return JSON(
                project, status: .created, version: project.version, location: "/api/v1/projects/\(project.id.text)")
        }
        projects.ledger.outbox.wake()
        return response
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Project> {
        let project = try await projects.find(try context.projectID(atLeast: .viewer), in: try context.organizationID)
        return JSON(project, version: project.version)
    }

    @Sendable private func replace(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Project> {
        let input = try await request.decode(as: ProjectInput.self, context: context)
        let project = try await projects.update(
            try context.projectID(atLeast: .member), in: try context.organizationID,
            ifVersions: request.versionsToMatch,
            by: try context.user.id
        ) { try ProjectProfile(input, status: $0.status) }
        return JSON(project, version: project.version)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await projects.delete(
            try context.projectID(atLeast: .member), in: try context.organizationID,
            ifVersions: request.versionsToMatch,
            by: try context.user.id)
        return Response(status: .noContent)
    }
}

extension AppRequestContext {
    /// The id in the path, of a project that the caller may see.
    ///
    /// - Throws: 404 for one that the caller may not see, 403 for one on which the role is too small.
    func projectID(atLeast least: Role) throws -> UUID {
        let id = try id()
        guard let role = try user.role(onProject: id) else { throw ProjectError.notFound }
        guard role >= least else { throw Problem.forbidden() }
        return id
    }
}

extension UserPrincipal {
    /// Nil for who sees all projects of the organization.
    var visibleProjects: [UUID]? {
        guard role == nil else { return nil }
        return grants.compactMap { if case .project(let id) = $0.resource { id } else { nil } }
    }
}
