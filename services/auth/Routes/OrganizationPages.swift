import Foundation
import HTTPKit
import Hummingbird
import Identity

/// Shows the page of an organization that the caller belongs to.
struct OrganizationPages: Sendable {
    private static let listLength = 25
    private static let actCount = 20
    /// As many members as the caller can choose among.
    private static let choiceLength = 1000

    let pages: SignedInPages
    let organizations: Organizations
    let members: Members
    let invitations: Invitations
    let audit: AuditStore
    let twoFactor: TwoFactor

    /// The path of the organization whose id the request's path has.
    func path(_ context: AppRequestContext) throws -> String { "/organizations/\(try context.id().text)" }

    /// - Parameter refused: The form that the page is the answer to, where it is one to a form.
    func show(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<OrganizationForm>? = nil
    ) async throws -> Response {
        let page = OrganizationPage(
            try await contents(request, context),
            frame: try await pages.frame(OrganizationNotice.self, request, context), refused: refused)
        return try pages.show("organization", page, refusal: refused?.problem, request, context)
    }

    /// Answers one of its forms; where that is refused the page says why.
    func answering(
        _ form: OrganizationForm, _ request: Request, _ context: AppRequestContext,
        _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context) {
            try await describingProblems(act)
        } again: { problem in
            let refused = RefusedForm(name: form, fields: context.form, problem: problem)
            return try await show(request, context, refused: refused)
        }
    }

    /// Leads back to the page from one of its forms.
    func back(_ notice: OrganizationNotice, _ context: AppRequestContext) throws -> Redirect {
        Redirect(to: try path(context), done: notice)
    }

    private func contents(_ request: Request, _ context: AppRequestContext) async throws -> OrganizationContents {
        let (id, user) = (try context.id(), try context.user)
        let requester = try Requester(user)
        let organization = try await organizations.find(id, by: requester)
        let part = try request.query().part(
            behind: "cursor", of: MemberStore.Place.self, limit: Self.listLength, order: .ascending)
        let shown = try await members.list(in: id, by: requester, part)
        let isAdmin = organization.role >= .admin
        let everybody = PageRequest<MemberStore.Place>(limit: Self.choiceLength, order: .ascending, after: nil)
        let newest = PageRequest<AuditPosition>(limit: Self.actCount, order: .descending, after: nil)
        return OrganizationContents(
            organization: organization, caller: user.id, isActive: user.organizationID == id,
            members: try ListPart(shown, of: part) { MemberStore.Place(joinedAt: $0.joinedAt, userID: $0.userID) },
            invitations: isAdmin ? try await waiting(id, requester, request) : nil,
            people: isAdmin ? try await members.list(in: id, by: requester, everybody) : [],
            acts: isAdmin
                ? Array(try await audit.page(of: .organization(id), AuditFilter(), newest).prefix(Self.actCount)) : nil,
            hasFactor: try await twoFactor.isRequired(of: user.id))
    }

    private func waiting(
        _ id: UUID, _ requester: Requester, _ request: Request
    ) async throws -> ListPart<Invitation> {
        let part = try request.query().part(behind: "invitations", of: UUID.self, limit: Self.listLength)
        return try ListPart(await invitations.list(in: id, by: requester, part), of: part, key: \.id)
    }
}
