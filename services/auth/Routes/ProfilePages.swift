import Foundation
import HTTPKit
import Hummingbird
import ServiceKit

/// Shows the profile of who is signed in.
struct ProfilePages: Sendable {
    static let path = "/auth/profile"
    private static let listLength = 10

    let pages: SignedInPages
    let users: UserStore
    let identities: IdentityStore
    let providers: [IdentityProvider]
    let sessions: SessionStore
    let tokens: AccessTokenStore
    let twoFactor: TwoFactorStore

    /// - Parameter outcome: What a form has led to, where the page is the answer to one.
    func show(
        _ request: Request, _ context: AppRequestContext, _ outcome: ProfileOutcome? = nil,
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let page = ProfilePage(
            try await contents(request, context),
            frame: try await pages.frame(ProfileNotice.self, request, context), outcome: outcome)
        var response = try pages.show(
            "profile", page, refusal: outcome?.refused?.problem, status: status, request, context)
        // It may hold what is shown once.
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// Answers one of its forms; where that is refused the page says why.
    func answering(
        _ form: ProfileForm, _ request: Request, _ context: AppRequestContext,
        _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context) {
            try await describingProblems(act)
        } again: { problem in
            let refused = RefusedForm(name: form, fields: context.form, problem: problem)
            return try await show(request, context, .refused(refused))
        }
    }

    private func contents(_ request: Request, _ context: AppRequestContext) async throws -> ProfileContents {
        let caller = try context.user
        let query = try request.query()
        let identityPart = try query.part(behind: "identities", of: UUID.self, limit: Self.listLength)
        let sessionPart = try query.part(behind: "sessions", of: UUID.self, limit: Self.listLength)
        let tokenPart = try query.part(behind: "tokens", of: UUID.self, limit: Self.listLength)
        async let organizations = users.organizations(of: caller.id)
        async let waysIn = identities.waysIn(of: caller.id)
        async let factor = twoFactor.factor(of: caller.id)
        guard let user = try await users.user(caller.id), user.isActive else { throw Problem.unauthorized() }
        return ProfileContents(
            user: user,
            identities: try ListPart(
                await identities.identities(of: user.id, identityPart), of: identityPart, key: \.id),
            waysIn: try await waysIn, providers: providers,
            sessions: try ListPart(
                await sessions.sessions(of: user.id, sessionPart), of: sessionPart, key: \.id),
            currentSession: caller.sessionID,
            tokens: try ListPart(await tokens.tokens(of: user.id, tokenPart), of: tokenPart, key: \.id),
            organizationNames: Dictionary(
                try await organizations.map { ($0.membership.organizationID, $0.name) }, uniquingKeysWith: { $1 }),
            activeOrganization: caller.organizationID, factor: try await factor)
    }
}
