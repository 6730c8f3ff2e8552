import HTTPKit
import Hummingbird

/// The forms of the profile by which the address and the password become others.
struct ProfileCredentialRoutes: Sendable {
    let profile: ProfilePages
    let signIn: SignIn
    let passwords: Passwords
    let verification: EmailVerification

    func add(to routes: inout RouteTable) {
        routes.form(ProfilePages.path + "/password", .signedIn, use: changePassword)
        routes.form(ProfilePages.path + "/email", .signedIn, use: changeAddress)
        routes.form(ProfilePages.path + "/verify-email", .signedIn) { request, context in
            try await profile.answering(.email, request, context) {
                try await verification.resend(to: try context.user.id)
                return Redirect(to: ProfilePages.path, done: ProfileNotice.letterSent)
            }
        }
    }

    @Sendable
    private func changePassword(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.password, request, context) {
            let new = context.form["new_password"] ?? ""
            try PasswordPolicy.check(new, field: "new_password")
            try await describingCredentials {
                try await passwords.change(
                    from: context.form["password"] ?? "", to: new, of: try context.user,
                    client: request.client(in: context))
            }
            return Redirect(to: ProfilePages.path, done: ProfileNotice.passwordChanged)
        }
    }

    @Sendable
    private func changeAddress(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.email, request, context) {
            guard let address = EmailAddress(context.form["email"] ?? "") else {
                throw Problem.invalid("email", EmailAddress.rule)
            }
            let user = try context.user
            _ = try await describingCredentials {
                try await signIn.confirm(
                    context.form["password"] ?? "", of: user.id, client: request.client(in: context))
            }
            try await verification.change(to: address, of: user.id)
            return Redirect(to: ProfilePages.path, done: ProfileNotice.letterSent)
        }
    }
}
