import HTTPKit
import Hummingbird
import Identity

/// The forms of an organization's page by which people are invited.
struct InvitingPageRoutes: Sendable {
    private static let path = "/organizations/{id}/invitations"

    let organization: OrganizationPages
    let invitations: Invitations

    func add(to routes: inout RouteTable) {
        routes.form(Self.path, .member(atLeast: .admin), use: invite)
        routes.form(Self.path + "/{invitation_id}/resend", .member(atLeast: .admin)) { request, context in
            try await organization.answering(.action, request, context) {
                _ = try await invitations.resend(
                    try context.id("invitation_id"), in: try context.id(), by: try Requester(context.user))
                return try organization.back(.invited, context)
            }
        }
        routes.form(Self.path + "/{invitation_id}/revoke", .member(atLeast: .admin)) { request, context in
            try await organization.answering(.action, request, context) {
                try await invitations.revoke(
                    try context.id("invitation_id"), in: try context.id(), by: try Requester(context.user))
                return try organization.back(.uninvited, context)
            }
        }
    }

    @Sendable
    private func invite(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await organization.answering(.invitation, request, context) {
            guard let email = EmailAddress(context.form["email"] ?? "") else {
                throw Problem.invalid("email", EmailAddress.rule)
            }
            guard let role = Role(rawValue: context.form["role"] ?? "") else {
                throw Problem(.unprocessableContent, "There is no such role.")
            }
            let (id, requester) = (try context.id(), try Requester(context.user))
            _ = try await invitations.store.database.withTransaction(as: .platform) { transaction in
                try await invitations.create(email, as: role, in: id, by: requester, transaction)
            }
            invitations.wake()
            return try organization.back(.invited, context)
        }
    }
}
