import HTTPKit
import Hummingbird
import Identity

/// Verifying the address of an account, and changing it.
struct EmailRoutes: Sendable {
    let verification: EmailVerification
    let signIn: SignIn

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/auth/verify-email", .public) { request, context in
            let input = try await request.decode(as: TokenInput.self, context: context)
            return try await describingProblems {
                try await verification.verify(input.token)
                return HTTPResponse.Status.noContent
            }
        }
        routes.on(.post, "/api/v1/auth/verify-email/resend", .signedIn, RouteOptions(body: .any())) { _, context in
            try await describingProblems {
                try await verification.resend(to: try context.user.id)
                return HTTPResponse.Status.accepted
            }
        }
        routes.post("/api/v1/auth/change-email", .signedIn, use: change)
    }

    /// The password is asked for once more: whose address it is can have a new password.
    @Sendable
    private func change(_ request: Request, _ context: AppRequestContext) async throws -> HTTPResponse.Status {
        let input = try await request.decode(as: ChangeInput.self, context: context)
        guard let address = EmailAddress(input.email) else { throw Problem.invalid("email", EmailAddress.rule) }
        let user = try context.user
        return try await describingProblems {
            _ = try await signIn.confirm(input.password, of: user.id, client: request.client(in: context))
            try await verification.change(to: address, of: user.id)
            return .accepted
        }
    }
}

private struct TokenInput: Decodable {
    let token: String
}

private struct ChangeInput: Decodable {
    let email: String
    let password: String
}
