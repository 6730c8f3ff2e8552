import HTTPKit
import Hummingbird

/// `/auth/profile`: the page of one's own account, its name and where one is signed in.
struct ProfilePageRoutes: Sendable {
    let profile: ProfilePages
    let users: UserStore
    let sessions: Sessions

    func add(to routes: inout RouteTable) {
        routes.page(ProfilePages.path, .signedIn) { request, context in
            try await profile.show(request, context)
        }
        routes.form(ProfilePages.path, .signedIn, use: rename)
        routes.form(ProfilePages.path + "/sessions/end-others", .signedIn) { _, context in
            let user = try context.user
            try await sessions.endOthers(than: user.sessionID, of: user.id)
            return Redirect(to: ProfilePages.path, done: ProfileNotice.sessionsEnded)
        }
        routes.form(ProfilePages.path + "/sessions/{id}/end", .signedIn, use: endSession)
    }

    @Sendable
    private func rename(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.name, request, context) {
            let name = try DisplayName(field: context.form["name"] ?? "")
            guard try await users.rename(try context.user.id, to: name, ifVersions: nil) != nil else {
                throw Problem.notFound()
            }
            return Redirect(to: ProfilePages.path, done: ProfileNotice.renamed)
        }
    }

    /// Whoever ends the session of this very browser is signed out.
    @Sendable
    private func endSession(_ request: Request, _ context: AppRequestContext) async throws -> Redirect {
        let (user, id) = (try context.user, try context.id())
        guard try await sessions.end(id, of: user.id) else { throw Problem.notFound() }
        guard id == user.sessionID else {
            return Redirect(to: ProfilePages.path, done: ProfileNotice.sessionEnded)
        }
        return Redirect(to: "/").setting(SessionCookie.expired(isSecure: request.isSecure))
    }
}
