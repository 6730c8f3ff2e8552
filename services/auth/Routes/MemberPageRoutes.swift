import Foundation
import HTTPKit
import Hummingbird
import Identity

/// The forms of an organization's page that say who belongs to it, and as what.
struct MemberPageRoutes: Sendable {
    private static let path = "/organizations/{id}"

    let organization: OrganizationPages
    let members: Members
    let cookies: CookieReplacement

    func add(to routes: inout RouteTable) {
        routes.form(Self.path + "/members/{user_id}/role", .member(atLeast: .admin), use: setRole)
        routes.form(
            Self.path + "/members/{user_id}/remove", .member(atLeast: .viewer, evenSuspended: true), use: remove)
        routes.form(Self.path + "/leave", .member(atLeast: .viewer, evenSuspended: true), use: leave)
        routes.form(Self.path + "/transfer-ownership", .member(atLeast: .owner), use: transferOwnership)
    }

    @Sendable
    private func setRole(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.action, request, context) {
            guard let role = Role(rawValue: context.form["role"] ?? "") else {
                throw Problem(.unprocessableContent, "There is no such role.")
            }
            let (requester, user) = (try Requester(context.user), try context.id("user_id"))
            _ = try await members.setRole(
                role, of: user, in: try context.id(), ifVersions: nil, by: requester)
            return try await lead(
                to: try organization.back(.roleChanged, context), after: user, request, context)
        }
    }

    @Sendable
    private func remove(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.action, request, context) {
            let (requester, user) = (try Requester(context.user), try context.id("user_id"))
            try await members.remove(user, from: try context.id(), by: requester)
            return try await lead(
                to: user == requester.userID ? Self.list : try organization.back(.removed, context), after: user,
                request, context)
        }
    }

    @Sendable
    private func leave(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.action, request, context) {
            let requester = try Requester(context.user)
            try await members.remove(requester.userID, from: try context.id(), by: requester)
            return try await lead(to: Self.list, after: requester.userID, request, context)
        }
    }

    @Sendable
    private func transferOwnership(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.transfer, request, context) {
            guard let successor = UUID(uuidString: context.form["user_id"] ?? "") else {
                throw OrganizationError.noSuccessor
            }
            let requester = try Requester(context.user)
            try await members.transferOwnership(of: try context.id(), to: successor, by: requester)
            return try await lead(
                to: try organization.back(.transferred, context), after: requester.userID, request, context)
        }
    }

    private static var list: Redirect { Redirect(to: "/organizations", done: OrganizationsNotice.left) }

    /// Goes on with a new cookie where the membership that has changed is the caller's own.
    private func lead(
        to redirect: Redirect, after user: UUID, _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        guard try context.user.id == user else { return redirect.response(from: request, context: context) }
        return try await cookies.replacing(redirect, request, context)
    }
}
