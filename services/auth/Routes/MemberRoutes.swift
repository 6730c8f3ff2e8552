import Foundation
import HTTPKit
import Hummingbird
import Identity

/// Who belongs to an organization, and as what.
struct MemberRoutes: Sendable {
    let members: Members
    let cookies: CookieReplacement

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/organizations/{id}/members", .member(atLeast: .viewer), use: list)
        routes.put("/api/v1/organizations/{id}/members/{user_id}", .member(atLeast: .admin), use: setRole)
        // Admins take away others, and everybody the own membership.
        routes.on(
            .delete, "/api/v1/organizations/{id}/members/{user_id}", .member(atLeast: .viewer, evenSuspended: true),
            RouteOptions(body: .none), use: remove)
        routes.on(
            .post, "/api/v1/organizations/{id}/leave", .member(atLeast: .viewer, evenSuspended: true),
            RouteOptions(body: .any()), use: leave)
        routes.post(
            "/api/v1/organizations/{id}/transfer-ownership", .member(atLeast: .owner), use: transferOwnership)
    }

    @Sendable
    private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<MemberDocument> {
        let page = try request.query().page(of: MemberStore.Place.self)
        let found = try await members.list(in: try context.id(), by: try Requester(context.user), page)
        return try page.page(
            found, key: { MemberStore.Place(joinedAt: $0.joinedAt, userID: $0.userID) }, item: MemberDocument.init)
    }

    @Sendable
    private func setRole(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let input = try await request.decode(as: RoleInput.self, context: context)
        let member = try await members.setRole(
            input.role, of: try context.id("user_id"), in: try context.id(), ifVersions: request.versionsToMatch,
            by: try Requester(context.user))
        let answer = JSON(MemberDocument(member), version: member.version)
        return try await respond(answer, to: request, about: member.userID, context)
    }

    @Sendable
    private func remove(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let user = try context.id("user_id")
        try await members.remove(
            user, from: try context.id(), ifVersions: request.versionsToMatch, by: try Requester(context.user))
        return try await respond(Response(status: .noContent), to: request, about: user, context)
    }

    @Sendable
    private func leave(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let requester = try Requester(context.user)
        try await members.remove(requester.userID, from: try context.id(), by: requester)
        return try await respond(Response(status: .noContent), to: request, about: requester.userID, context)
    }

    @Sendable
    private func transferOwnership(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let input = try await request.decode(as: SuccessorInput.self, context: context)
        let requester = try Requester(context.user)
        try await members.transferOwnership(of: try context.id(), to: input.userID, by: requester)
        return try await respond(Response(status: .noContent), to: request, about: requester.userID, context)
    }

    /// A browser goes on with a new cookie where the caller's own membership is another one now.
    private func respond(
        _ answer: some ResponseGenerator, to request: Request, about user: UUID, _ context: AppRequestContext
    ) async throws -> Response {
        guard try context.user.id == user else { return try answer.response(from: request, context: context) }
        return try await cookies.replacing(answer, request, context)
    }
}

private struct RoleInput: Decodable {
    let role: Role
}

private struct SuccessorInput: Decodable {
    let userID: UUID

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}
