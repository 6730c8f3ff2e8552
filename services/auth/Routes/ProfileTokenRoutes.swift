import HTTPKit
import Hummingbird
import Kernel
import Postgres

/// The forms of the profile for personal access tokens.
struct ProfileTokenRoutes: Sendable {
    let profile: ProfilePages
    let tokens: AccessTokenStore
    let announcer: RevocationAnnouncer

    func add(to routes: inout RouteTable) {
        routes.form(ProfilePages.path + "/tokens", .signedIn, use: create)
        routes.form(ProfilePages.path + "/tokens/{id}/delete", .signedIn) { _, context in
            guard let revocation = try await tokens.delete(try context.id(), of: try context.user.id) else {
                throw Problem.notFound()
            }
            await announcer.announce(revocation)
            return Redirect(to: ProfilePages.path, done: ProfileNotice.tokenDeleted)
        }
    }

    /// The token is shown in the answer itself: it is nowhere to be had later.
    @Sendable
    private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.token, request, context) {
            let new = NewAccessToken(
                userID: try context.user.id, organizationID: try context.organizationID,
                terms: try AccessTokenTerms(AccessTokenInput(context.form, at: .now), at: .now))
            let record = try await tokens.database.withTransaction(as: .platform) { transaction in
                try await tokens.insert(new, transaction)
            }
            tokens.outbox.wake()
            let answer = AccessTokenAnswer(record, token: new.token)
            return try await profile.show(request, context, .token(answer), status: .created)
        }
    }
}

extension AccessTokenInput {
    /// - Throws: 422 for a lifetime that is not offered.
    fileprivate init(_ form: FormFields, at now: Timestamp) throws(Problem) {
        guard let lifetime = TokenLifetime(rawValue: form["lifetime"] ?? "") else {
            throw .invalid("lifetime", "must be one of those offered")
        }
        self.init(
            name: form["name"] ?? "", scopes: form.values(of: "scopes"), expiresAt: lifetime.end(from: now))
    }
}
