import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// `/projects` and `/projects/{id}`: what the active organization works on, as pages.
struct ProjectPageRoutes: Sendable {
    private static let path = "/projects"
    private static let listLength = 25
    /// As many members as the caller can choose a lead among.
    private static let choiceLength = 1000

    let pages: SignedInPages
    let projects: ProjectStore
    let members: Members

    func add(to routes: inout RouteTable) {
        routes.page(Self.path, .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await list(request, context)
        }
        routes.form(Self.path, .user(atLeast: .member), use: create)
        routes.page(Self.path + "/{id}", .user(atLeast: .viewer, orGrant: true)) { request, context in
            try await show(request, context)
        }
        routes.form(Self.path + "/{id}", .user(atLeast: .member, orGrant: true), use: change)
        routes.form(Self.path + "/{id}/delete", .user(atLeast: .member), use: delete)
    }

    // MARK: Showing

    private func list(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<ProjectFormName>? = nil
    ) async throws -> Response {
        let user = try context.user
        let query = try request.query()
        let part = try query.part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let filter = ProjectFilter(
            statuses: try query.value("status", as: ProjectStatus.self).map { [$0] } ?? [], text: query["q"],
            visible: user.visibleProjects)
        let found = try await projects.list(filter, in: try context.organizationID, part)
        let mayCreate = user.role.map { $0 >= .member } ?? false
        let page = ProjectsPage(
            try ListPart(found, of: part, key: \.id), filter: filter, people: try await people(context),
            frame: try await pages.frame(ProjectNotice.self, request, context),
            form: mayCreate ? FormState(of: .profile, refused) : nil)
        return try pages.show("projects", page, refusal: refused?.problem, request, context)
    }

    private func show(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<ProjectFormName>? = nil
    ) async throws -> Response {
        let user = try context.user
        let id = try context.projectID(atLeast: .viewer)
        let project = try await projects.find(id, in: try context.organizationID)
        let page = ProjectPage(
            project, role: user.role(onProject: id) ?? .viewer, mayDelete: user.role.map { $0 >= .member } ?? false,
            people: try await people(context),
            frame: try await pages.frame(ProjectNotice.self, request, context), refused: refused)
        return try pages.show("project", page, refusal: refused?.problem, request, context)
    }

    /// The members of the active organization; none for who has only grants there.
    private func people(_ context: AppRequestContext) async throws -> [Member] {
        guard try context.user.role != nil else { return [] }
        let everybody = PageRequest<MemberStore.Place>(limit: Self.choiceLength, order: .ascending, after: nil)
        return try await members.list(in: try context.organizationID, by: try Requester(context.user), everybody)
    }

    // MARK: Changing

    @Sendable
    private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        return try await answering(.profile, request, context, again: list) {
            let profile = try ProjectProfile(ProjectInput(context.form))
            let project = try await projects.database.withTransaction(as: .organization(organization)) { transaction in
                try await projects.create(profile, in: organization, by: user.id, transaction)
            }
            projects.ledger.outbox.wake()
            return Redirect(to: "\(Self.path)/\(project.id.text)", done: ProjectNotice.created)
        }
    }

    /// The version that the page showed must be the current one still, so that nobody undoes what another has written.
    @Sendable
    private func change(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let id = try context.projectID(atLeast: .member)
        return try await answering(.profile, request, context, again: show) {
            let form = context.form
            _ = try await projects.update(
                id, in: try context.organizationID, ifVersions: [Int(form["version"] ?? "") ?? 0],
                by: try context.user.id
            ) { try ProjectProfile(ProjectInput(form, changing: $0)) }
            return Redirect(to: "\(Self.path)/\(id.text)", done: ProjectNotice.saved)
        }
    }

    @Sendable
    private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let id = try context.projectID(atLeast: .member)
        return try await answering(.deletion, request, context, again: show) {
            guard context.form["confirmed"] == "yes" else {
                throw Problem.invalid("confirmed", "must be ticked to delete the project")
            }
            try await projects.delete(
                id, in: try context.organizationID, ifVersions: nil, by: try context.user.id)
            return Redirect(to: Self.path, done: ProjectNotice.deleted)
        }
    }

    /// Answers a form; where that is refused the page that `again` shows says why.
    private func answering(
        _ form: ProjectFormName, _ request: Request, _ context: AppRequestContext,
        again: (Request, AppRequestContext, RefusedForm<ProjectFormName>?) async throws -> Response,
        _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context) {
            try await describingProblems(act)
        } again: { problem in
            var problem = problem
            if problem.status == .preconditionFailed {
                problem.detail = """
                    Somebody has changed the project since you opened it. Below is what you typed; saving it again \
                    replaces the other change.
                    """
            }
            return try await again(
                request, context, RefusedForm(name: form, fields: context.form, problem: problem))
        }
    }
}
