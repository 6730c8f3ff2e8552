import Foundation
import HTTPKit
import Hummingbird
import Identity

/// Inviting people to an organization, and answering an invitation.
struct InvitationRoutes: Sendable {
    private static let path = "/api/v1/organizations/{id}/invitations"

    let invitations: Invitations
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .member(atLeast: .admin), use: list)
        routes.post(Self.path, .member(atLeast: .admin), use: create)
        routes.on(
            .post, Self.path + "/{invitation_id}/resend", .member(atLeast: .admin), RouteOptions(body: .any()),
            use: resend)
        routes.on(
            .delete, Self.path + "/{invitation_id}", .member(atLeast: .admin), RouteOptions(body: .none), use: revoke)
        routes.get("/api/v1/invitations", .signedIn) { request, context in
            let page = try request.query().page(of: UUID.self)
            let found = try await invitations.store.list(for: try context.user.id, page)
            return try page.page(found, key: \.id) { InvitationDocument($0) }
        }
        routes.on(
            .post, "/api/v1/invitations/{token}/accept", .signedIn, RouteOptions(body: .any()), use: accept)
        routes.on(.post, "/api/v1/invitations/{token}/decline", .public, RouteOptions(body: .any())) { _, context in
            try await invitations.decline(try reference(context), by: context.principal?.user?.id)
            return HTTPResponse.Status.noContent
        }
    }

    @Sendable
    private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<InvitationDocument> {
        let page = try request.query().page(of: UUID.self)
        let found = try await invitations.list(in: try context.id(), by: try Requester(context.user), page)
        return try page.page(found, key: \.id) { InvitationDocument($0) }
    }

    @Sendable
    private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (organization, requester) = (try context.id(), try Requester(context.user))
        let response = try await describingProblems {
            try await idempotency.create(InvitationInput.self, request, context, as: .platform) { input, transaction in
                guard let email = EmailAddress(input.email) else { throw Problem.invalid("email", EmailAddress.rule) }
                let (invitation, token) = try await invitations.create(
                    email, as: input.role, in: organization, by: requester, transaction)
                return JSON(
                    InvitationDocument(invitation, token: token.secret), status: .created,
                    headers: [.cacheControl: "no-store"])
            }
        }
        invitations.wake()
        return response
    }

    @Sendable
    private func resend(_ request: Request, _ context: AppRequestContext) async throws -> JSON<InvitationDocument> {
        try await describingProblems {
            JSON(
                InvitationDocument(
                    try await invitations.resend(
                        try context.id("invitation_id"), in: try context.id(), by: try Requester(context.user))))
        }
    }

    @Sendable
    private func revoke(_ request: Request, _ context: AppRequestContext) async throws -> HTTPResponse.Status {
        try await invitations.revoke(
            try context.id("invitation_id"), in: try context.id(), by: try Requester(context.user))
        return .noContent
    }

    @Sendable
    private func accept(_ request: Request, _ context: AppRequestContext) async throws -> JSON<OrganizationDocument> {
        let organization = try await invitations.accept(try reference(context), by: try context.user.id)
        return JSON(OrganizationDocument(organization), version: organization.version, isCallersView: true)
    }

    private func reference(_ context: AppRequestContext) throws -> InvitationReference {
        guard let reference = InvitationReference(try context.parameter("token")) else {
            throw InvitationError.notFound
        }
        return reference
    }
}

private struct InvitationInput: Decodable, Sendable {
    let email: String
    let role: Role
}

/// An invitation, as both sides see it.
struct InvitationDocument: Encodable, Sendable {
    let invitation: Invitation
    /// Only in the answer to who has made it.
    let token: String?

    init(_ invitation: Invitation, token: String? = nil) {
        self.invitation = invitation
        self.token = token
    }

    enum CodingKeys: String, CodingKey {
        case id, email, role, token
        case organizationID = "organization_id"
        case organizationName = "organization_name"
        case invitedBy = "invited_by"
        case createdAt = "created_at"
        case sentAt = "sent_at"
        case expiresAt = "expires_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(invitation.id.text, forKey: .id)
        try container.encode(invitation.organizationID.text, forKey: .organizationID)
        try container.encode(invitation.organizationName, forKey: .organizationName)
        try container.encode(invitation.email, forKey: .email)
        try container.encode(invitation.role, forKey: .role)
        try container.encode(invitation.inviterName, forKey: .invitedBy)
        try container.encode(invitation.createdAt, forKey: .createdAt)
        try container.encode(invitation.sentAt, forKey: .sentAt)
        try container.encode(invitation.expiresAt, forKey: .expiresAt)
        try container.encodeIfPresent(token, forKey: .token)
    }
}

extension InvitationError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound("There is no such invitation (any more).")
        case .isMember: .conflict("Who has this address is a member already.")
        case .isInvited: .conflict("This address is invited already; send that invitation again instead.")
        case .tooMany: .conflict("\(Invitation.maximumPending) invitations wait already; take some back first.")
        case .limitReached(let plan, let limit):
            .limitReached(
                "members",
                "The plan '\(plan)' of the organization allows \(limit) members, who are there or invited already.")
        }
    }
}
