import Foundation
import HTTPKit
import Hummingbird
import Identity

/// The page that the letter with an invitation leads to.
struct InvitationPageRoutes: Sendable {
    let invitations: Invitations
    let sessions: Sessions
    let pages: PageRenderer

    func add(to routes: inout RouteTable) {
        routes.page("/invitations/{token}", .public) { request, context in
            let (token, reference) = try reference(context)
            guard let invitation = try await invitations.store.find(reference, for: context.principal?.user?.id) else {
                throw InvitationError.notFound
            }
            return try pages.render("invitation", InvitationPage(invitation, token: token), for: request, context)
        }
        routes.form("/invitations/{token}", .public, use: answer)
    }

    @Sendable
    private func answer(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (token, reference) = try reference(context)
        let user = context.principal?.user
        guard context.form["answer"] == "accept" else {
            try await invitations.decline(reference, by: user?.id)
            return Redirect(to: "/").response(from: request, context: context)
        }
        guard let user else {
            let page = encoded("/invitations/\(token)") ?? ""
            return Redirect(to: "/auth/login?next=\(page)").response(from: request, context: context)
        }
        let organization = try await invitations.accept(reference, by: user.id)
        let path = "/organizations/\(organization.id.text)"
        // Who has to set up a second factor first stays where they are.
        guard !organization.isSuspended, context.authentication?.credential == .sessionCookie else {
            return Redirect(to: path).response(from: request, context: context)
        }
        let (cookie, _) = try await sessions.activateInBrowser(organization.id, for: user)
        return Redirect(to: path).setting(SessionCookie.make(cookie, isSecure: request.isSecure))
            .response(from: request, context: context)
    }

    private func reference(_ context: AppRequestContext) throws -> (String, InvitationReference) {
        let token = try context.parameter("token")
        guard let reference = InvitationReference(token) else { throw InvitationError.notFound }
        return (token, reference)
    }
}
