import Foundation
import HTTPKit
import Hummingbird
import Identity
import ServiceKit

/// `/api/v1/auth/oidc`: signing in by way of a provider.
struct OIDCRoutes: Sendable {
    private static let path = "/api/v1/auth/oidc"

    let relyingParty: RelyingParty
    let sessions: Sessions
    let pages: PageRenderer

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .public) { _, _ in
            JSON(ProvidersAnswer(items: relyingParty.providers.map { ProviderAnswer($0.settings) }))
        }
        routes.page(Self.path + "/{provider}/start", .public, use: start)
        routes.page(Self.path + "/{provider}/callback", .public, use: finish)
    }

    @Sendable
    private func start(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answeringWithPages(request, context) {
            let user = context.signedInUser
            // Else any page could have somebody's account linked to an identity of its author.
            guard user == nil || request.isFromOwnPage else { throw LoginRefusal.foreignStart }
            let (flow, url) = try await relyingParty.begin(
                try context.parameter("provider"), next: ReturnPath(try request.query()["next"]), user: user)
            var response = Response(status: .seeOther, headers: [.location: url])
            response.setCookie(FlowCookie.make(flow, isSecure: request.isSecure))
            return response
        }
    }

    @Sendable
    private func finish(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let query = try request.query()
        let state = query["state"].flatMap { SecretToken($0, kind: .login) }
        var response = try await answeringWithPages(request, context) {
            let answer = AuthorizationAnswer(
                state: state, code: query["code"], error: query["error"], issuer: query["iss"],
                browser: state.flatMap { FlowCookie.token(of: $0, in: request) })
            let (next, outcome) = try await relyingParty.complete(
                answer, from: try context.parameter("provider"), user: context.signedInUser,
                client: request.client(in: context))
            return try await self.response(to: outcome, next, request, context)
        }
        if let state { response.setCookie(FlowCookie.expired(state, isSecure: request.isSecure)) }
        return response
    }

    private func response(
        to outcome: RelyingParty.Outcome, _ next: ReturnPath, _ request: Request, _ context: AppRequestContext
    ) async throws -> Response {
        switch outcome {
        case .opened(let opened):
            return try await sessions.entry(opened, to: next, request).response(from: request, context: context)
        case .challenged(let token):
            return try pages.render(
                "two-factor", SecondFactorPage(next: next.path, challenge: token.secret), for: request, context
            ).response(from: request, context: context)
        case .linked:
            return Redirect(to: next.path).response(from: request, context: context)
        }
    }

    /// Whoever comes here is a person in a browser, wherever it was that something went wrong.
    private func answeringWithPages(
        _ request: Request, _ context: AppRequestContext, _ body: () async throws -> Response
    ) async throws -> Response {
        let problem: Problem
        do {
            return try await describingProblems(body)
        } catch let refusal as LoginRefusal {
            problem = refusal.problem
        } catch let other as Problem {
            problem = other
        }
        var response = try pages.render(
            "oidc-refused",
            RefusedLoginPage(message: problem.detail ?? problem.title, isSignedIn: context.signedInUser != nil),
            status: problem.status, for: request, context
        ).response(from: request, context: context)
        response.headers[.retryAfter] = problem.headers[.retryAfter]
        return response
    }
}

/// The cookie that binds a sign-in to the browser that began it; each has its own, so that two may be under way.
private enum FlowCookie {
    static func make(_ flow: LoginFlow, isSecure: Bool) -> Cookie {
        cookie(flow.state, flow.browser.secret, maxAge: Int(LoginFlow.lifetime.components.seconds), isSecure: isSecure)
    }

    static func expired(_ state: SecretToken, isSecure: Bool) -> Cookie {
        cookie(state, "", maxAge: 0, isSecure: isSecure)
    }

    static func token(of state: SecretToken, in request: Request) -> SecretToken? {
        request.cookies[name(state)].flatMap { SecretToken($0.value, kind: .login) }
    }

    /// The state itself stands in URLs.
    private static func name(_ state: SecretToken) -> String { "oidc_" + state.hash.hex.prefix(16) }

    private static func cookie(_ state: SecretToken, _ value: String, maxAge: Int, isSecure: Bool) -> Cookie {
        Cookie(
            name: name(state), value: value, maxAge: maxAge, path: "/api/v1/auth/oidc", secure: isSecure,
            httpOnly: true, sameSite: .lax)
    }
}

private struct ProvidersAnswer: Encodable {
    let items: [ProviderAnswer]
}

private struct ProviderAnswer: Encodable {
    let name: String
    let title: String

    init(_ provider: IdentityProvider) {
        name = provider.name
        title = provider.title
    }
}

extension AppRequestContext {
    /// Who has a session in this browser.
    fileprivate var signedInUser: UUID? {
        authentication?.credential == .sessionCookie ? principal?.user?.id : nil
    }
}

extension Request {
    /// Whether a page of this site led here, or the person typed it.
    fileprivate var isFromOwnPage: Bool {
        switch RequestOrigin(head) {
        case .same: return true
        case .foreign: return false
        case .unknown:
            // Browsers leave out Sec-Fetch-Site where the site has no TLS.
            guard let referer = headers[.referer], let url = URLComponents(string: referer), let host = url.host
            else { return false }
            return (url.port.map { "\(host):\($0)" } ?? host).lowercased() == publicHost.lowercased()
        }
    }
}
