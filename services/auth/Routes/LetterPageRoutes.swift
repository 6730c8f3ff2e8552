import HTTPKit
import Hummingbird

/// The pages that letters lead to, and the one that asks for a letter. A page changes nothing before its button is
/// pressed, since mail servers follow links too.
struct LetterPageRoutes: Sendable {
    let passwords: Passwords
    let verification: EmailVerification
    let pages: PageRenderer

    func add(to routes: inout RouteTable) {
        routes.page("/auth/forgot-password", .public) { request, context in
            try pages.render("forgot-password", ForgottenPasswordPage(), for: request, context)
        }
        routes.page("/auth/reset-password", .public) { request, context in
            let page = PasswordResetPage(token: try request.query()["token"] ?? "")
            return try pages.render("reset-password", page, for: request, context)
        }
        routes.page("/auth/verify-email", .public) { request, context in
            let page = VerificationPage(token: try request.query()["token"] ?? "")
            return try pages.render("verify-email", page, for: request, context)
        }
        routes.form("/auth/forgot-password", .public, use: sendReset)
        routes.form("/auth/reset-password", .public, use: reset)
        routes.form("/auth/verify-email", .public, use: verify)
    }

    @Sendable
    private func sendReset(_ request: Request, _ context: AppRequestContext) async throws -> HTML {
        var page = ForgottenPasswordPage(email: context.form["email"] ?? "")
        do {
            try await describingProblems {
                try await passwords.requestReset(of: page.email, client: request.client(in: context))
            }
            page.isSent = true
            return try pages.render("forgot-password", page, for: request, context)
        } catch let problem as Problem {
            page.message = problem.sentence
            return try pages.render("forgot-password", page, status: problem.status, for: request, context)
        }
    }

    @Sendable
    private func reset(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let password = context.form["password"] ?? ""
        var page = PasswordResetPage(token: context.form["token"] ?? "")
        page.objection = PasswordPolicy.objection(to: password)
        var status = HTTPResponse.Status.unprocessableContent
        if page.objection == nil {
            do {
                try await describingProblems { try await passwords.reset(page.token, to: password) }
                return Redirect(to: "/auth/login?done=password-set").response(from: request, context: context)
            } catch let problem as Problem {
                page.message = problem.sentence
                status = problem.status
            }
        }
        return try pages.render("reset-password", page, status: status, for: request, context)
            .response(from: request, context: context)
    }

    @Sendable
    private func verify(_ request: Request, _ context: AppRequestContext) async throws -> HTML {
        var page = VerificationPage(token: context.form["token"] ?? "")
        do {
            try await describingProblems { try await verification.verify(page.token) }
            page.isDone = true
            return try pages.render("verify-email", page, for: request, context)
        } catch let problem as Problem {
            page.message = problem.sentence
            return try pages.render("verify-email", page, status: problem.status, for: request, context)
        }
    }
}
