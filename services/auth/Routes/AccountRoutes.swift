import HTTPKit
import Hummingbird
import Identity

/// Registering, signing in and out, for programs.
struct AccountRoutes: Sendable {
    let registrar: Registrar
    let signIn: SignIn
    let sessions: Sessions
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/auth/register", .public, use: register)
        routes.post("/api/v1/auth/login", .public, use: login)
        routes.post("/api/v1/auth/refresh", .public, use: refresh)
        routes.on(.post, "/api/v1/auth/logout", .signedIn, RouteOptions(body: .any()), use: logout)
    }

    @Sendable
    private func register(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        var request = request
        _ = try await request.collectBody(upTo: context.maxUploadSize)
        let input = try await request.decode(as: RegistrationInput.self, context: context)
        let client = request.client(in: context)
        return try await describingProblems { [request] in
            let new = try await registrar.prepare(Registration(input), client: client)
            let response = try await idempotency.create(
                RegistrationInput.self, request, context, as: .platform, of: new.email.text
            ) { _, transaction in
                let opened = try await registrar.store(new, terms: .api, client: client, in: transaction)
                return try await sessions.issuer.answer(
                    opened, organizationName: new.organizationName, status: .created)
            }
            registrar.wake()
            return response
        }
    }

    @Sendable
    private func login(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let input = try await request.decode(as: LoginInput.self, context: context)
        return try await describingProblems {
            let outcome = try await signIn.signIn(
                email: input.email, password: input.password, terms: .api, client: request.client(in: context))
            switch outcome {
            case .opened(let opened):
                return try await sessions.issuer.answer(opened).response(from: request, context: context)
            case .challenged(let token):
                return try JSON(
                    ChallengeAnswer(challenge: token.secret), status: .accepted, headers: [.cacheControl: "no-store"]
                ).response(from: request, context: context)
            }
        }
    }

    @Sendable
    private func refresh(_ request: Request, _ context: AppRequestContext) async throws -> JSON<TokenAnswer> {
        let input = try await request.decode(as: RefreshInput.self, context: context)
        return try await describingProblems {
            JSON(TokenAnswer(try await sessions.refresh(input.refreshToken)), headers: [.cacheControl: "no-store"])
        }
    }

    @Sendable
    private func logout(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let user = try context.user
        guard let session = user.sessionID else { throw Problem.forbidden("A token is no session; delete it instead.") }
        _ = try await sessions.end(session, of: user.id, because: .signedOut)
        var response = Response(status: .noContent)
        if context.authentication?.credential == .sessionCookie {
            response.setCookie(SessionCookie.expired(isSecure: request.isSecure))
        }
        return response
    }
}

private struct LoginInput: Decodable {
    let email: String
    let password: String
}

private struct RefreshInput: Decodable {
    let refreshToken: String

    enum CodingKeys: String, CodingKey {
        case refreshToken = "refresh_token"
    }
}

extension Request {
    /// Who asks, as a session remembers it.
    func client(in context: AppRequestContext) -> ClientDescription {
        ClientDescription(userAgent: headers[.userAgent], address: clientAddress(in: context))
    }
}
