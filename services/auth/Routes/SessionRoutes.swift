import Foundation
import HTTPKit
import Hummingbird
import Identity

/// Where the caller is signed in.
struct SessionRoutes: Sendable {
    let sessions: Sessions

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/auth/sessions", .signedIn) { request, context in
            let user = try context.user
            let page = try request.query().page(of: UUID.self)
            let records = try await sessions.store.sessions(of: user.id, page)
            return JSON(
                try page.page(records, key: \.id) { SessionAnswer($0, isCurrent: $0.id == user.sessionID) })
        }
        routes.on(.delete, "/api/v1/auth/sessions/{id}", .signedIn, RouteOptions(body: .none)) { _, context in
            guard try await sessions.end(try context.id(), of: try context.user.id) else { throw Problem.notFound() }
            return Response(status: .noContent)
        }
        routes.post("/api/v1/auth/switch-organization", .signedIn, use: switchOrganization)
    }

    /// What was issued before goes on in the organization that it was issued for.
    @Sendable
    private func switchOrganization(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let input = try await request.decode(as: ActiveOrganizationInput.self, context: context)
        let user = try context.user
        guard user.sessionID != nil else { throw Problem.forbidden("A token acts in its own organization only.") }
        return try await describingProblems {
            guard context.authentication?.credential == .sessionCookie else {
                return try answer(try await sessions.activate(input.organizationID, for: user), request, context)
            }
            let (cookie, tokens) = try await sessions.activateInBrowser(input.organizationID, for: user)
            var response = try answer(tokens, request, context)
            response.setCookie(SessionCookie.make(cookie, isSecure: request.isSecure))
            return response
        }
    }

    private func answer(_ tokens: TokenSet, _ request: Request, _ context: AppRequestContext) throws -> Response {
        try JSON(TokenAnswer(tokens), headers: [.cacheControl: "no-store"]).response(from: request, context: context)
    }
}

private struct ActiveOrganizationInput: Decodable {
    let organizationID: UUID

    enum CodingKeys: String, CodingKey {
        case organizationID = "organization_id"
    }
}
