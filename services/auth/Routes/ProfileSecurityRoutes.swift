import HTTPKit
import Hummingbird

/// The forms of the profile that ask for the password once more: the second factor, and the end of the account.
struct ProfileSecurityRoutes: Sendable {
    let profile: ProfilePages
    let signIn: SignIn
    let deletion: AccountDeletion

    func add(to routes: inout RouteTable) {
        routes.form(ProfilePages.path + "/two-factor", .signedIn, use: beginFactor)
        routes.form(ProfilePages.path + "/two-factor/confirm", .signedIn, use: confirmFactor)
        routes.form(ProfilePages.path + "/two-factor/recovery-codes", .signedIn, use: renewRecoveryCodes)
        routes.form(ProfilePages.path + "/two-factor/remove", .signedIn, use: removeFactor)
        routes.form(ProfilePages.path + "/delete", .signedIn, use: requestDeletion)
        routes.form(ProfilePages.path + "/restore", .signedIn) { request, context in
            try await profile.answering(.deletion, request, context) {
                try await deletion.restore(try context.user.id)
                return Redirect(to: ProfilePages.path, done: ProfileNotice.restored)
            }
        }
    }

    /// With a code of the factor in force it is the beginning of another one in its place.
    @Sendable
    private func beginFactor(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.enrolment, request, context) {
            let (code, email) = try await describingCredentials {
                try await signIn.beginSecondFactor(
                    of: try context.user.id, password: context.form["password"] ?? "",
                    code: context.form["code"], client: request.client(in: context))
            }
            let enrolment = try EnrolmentAnswer(code, account: email)
            return try await profile.show(request, context, .enrolment(enrolment), status: .created)
        }
    }

    /// A wrong code does not show the secret again, since nothing has been asked for that only its owner knows.
    @Sendable
    private func confirmFactor(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.confirmation, request, context) {
            let codes = try await describingCredentials {
                try await signIn.twoFactor.confirm(context.form["code"] ?? "", of: try context.user.id)
            }
            return try await profile.show(request, context, .recoveryCodes(codes.map(\.text)))
        }
    }

    @Sendable
    private func renewRecoveryCodes(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.recoveryCodes, request, context) {
            let codes = try await describingCredentials {
                try await signIn.renewRecoveryCodes(
                    of: try context.user.id, password: context.form["password"] ?? "",
                    code: context.form["code"] ?? "", client: request.client(in: context))
            }
            return try await profile.show(request, context, .recoveryCodes(codes.map(\.text)))
        }
    }

    @Sendable
    private func removeFactor(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.factorRemoval, request, context) {
            try await describingCredentials {
                try await signIn.endSecondFactor(
                    of: try context.user.id, password: context.form["password"] ?? "",
                    code: context.form["code"] ?? "", client: request.client(in: context))
            }
            return Redirect(to: ProfilePages.path, done: ProfileNotice.factorRemoved)
        }
    }

    @Sendable
    private func requestDeletion(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await profile.answering(.deletion, request, context) {
            _ = try await describingCredentials {
                try await deletion.request(
                    try context.user.id, confirmedBy: context.form["email"] ?? "",
                    password: context.form["password"] ?? "", client: request.client(in: context))
            }
            return Redirect(to: ProfilePages.path, done: ProfileNotice.deletion)
        }
    }
}
