import HTTPKit
import Hummingbird
import ServiceKit

/// The pages for registering and signing in and out.
struct PageRoutes: Sendable {
    let registrar: Registrar
    let signIn: SignIn
    let sessions: Sessions
    let users: UserStore
    let providers: [IdentityProvider]
    let pages: PageRenderer

    func add(to routes: inout RouteTable) {
        routes.page("/", .public) { request, context in
            try pages.render("landing", for: request, context)
        }
        routes.page("/auth/login", .public) { request, context in
            let query = try request.query()
            var page = SignInPage(next: query["next"], providers: providers)
            page.isPasswordSet = query["done"] == "password-set"
            if context.principal == nil,
                let redirect = try await CookieReplacement(sessions: sessions).reviving(
                    request, to: ReturnPath(page.next))
            {
                return redirect.response(from: request, context: context)
            }
            return try show("login", page, request, context)
        }
        routes.page("/auth/register", .public) { request, context in
            let page = RegistrationPage(next: try request.query()["next"], providers: providers)
            return try show("register", page, request, context)
        }
        routes.form("/auth/login", .public, use: logIn)
        routes.form("/auth/two-factor", .public, use: showSecondFactor)
        routes.form("/auth/register", .public, use: register)
        routes.form("/auth/logout", .signedIn, use: logOut)
    }

    /// A page that only makes sense to who is not signed in.
    private func show(
        _ template: String, _ page: some EntryPage, _ request: Request, _ context: AppRequestContext
    ) throws -> Response {
        if context.principal?.user != nil {
            return Redirect(to: ReturnPath(page.next).path).response(from: request, context: context)
        }
        return try pages.render(template, page, for: request, context).response(from: request, context: context)
    }

    @Sendable
    private func logIn(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let page = SignInPage(context.form, providers: providers)
        do {
            let outcome = try await describingProblems {
                try await signIn.signIn(
                    email: page.email, password: context.form["password"] ?? "",
                    terms: page.isRemembered ? .rememberedBrowser : .browser, client: request.client(in: context))
            }
            switch outcome {
            case .opened(let opened):
                return try await enter(opened, page, request, context)
            case .challenged(let token):
                return try pages.render(
                    "two-factor", SecondFactorPage(next: page.next, challenge: token.secret), for: request, context
                ).response(from: request, context: context)
            }
        } catch let problem as Problem {
            return try again("login", page.refused(problem), problem, request, context)
        }
    }

    @Sendable
    private func showSecondFactor(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let page = SecondFactorPage(context.form)
        do {
            let opened = try await describingProblems {
                try await signIn.answer(
                    page.challenge, code: context.form["code"] ?? "", client: request.client(in: context))
            }
            return try await enter(opened, page, request, context)
        } catch let problem as Problem {
            return try again("two-factor", page.refused(problem), problem, request, context)
        }
    }

    @Sendable
    private func register(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let page = RegistrationPage(context.form, providers: providers)
        let client = request.client(in: context)
        do {
            let opened = try await describingProblems {
                let new = try await registrar.prepare(Registration(page.input(context.form)), client: client)
                return try await users.database.withTransaction(as: .platform) { transaction in
                    try await registrar.store(new, terms: .browser, client: client, in: transaction)
                }
            }
            registrar.wake()
            return try await enter(opened, page, request, context)
        } catch let problem as Problem {
            return try again("register", page.refused(problem), problem, request, context)
        }
    }

    @Sendable
    private func logOut(_ request: Request, _ context: AppRequestContext) async throws -> Redirect {
        let user = try context.user
        if let session = user.sessionID { _ = try await sessions.end(session, of: user.id, because: .signedOut) }
        return Redirect(to: "/").setting(SessionCookie.expired(isSecure: request.isSecure))
    }

    private func enter(
        _ opened: OpenedSession, _ page: some EntryPage, _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        try await sessions.entry(opened, to: ReturnPath(page.next), request).response(from: request, context: context)
    }

    private func again(
        _ template: String, _ page: some EntryPage, _ problem: Problem, _ request: Request,
        _ context: AppRequestContext
    ) throws -> Response {
        var response = try pages.render(template, page, status: problem.status, for: request, context).response(
            from: request, context: context)
        response.headers[.retryAfter] = problem.headers[.retryAfter]
        return response
    }
}
