import Foundation
import HTTPKit
import Identity
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// Who may use which route: declared here once more, by hand, and tried against the running service.
@Suite struct AccessTests {
    private static let access: [Access: Set<String>] = [
        .signedIn: [
            "GET /api/v1/organizations", "POST /api/v1/organizations", "POST /api/v1/auth/switch-organization",
            "POST /api/v1/auth/logout", "GET /api/v1/auth/me", "PUT /api/v1/auth/me", "GET /api/v1/auth/sessions",
            "DELETE /api/v1/auth/sessions/{id}", "POST /auth/logout", "GET /api/v1/auth/two-factor",
            "POST /api/v1/auth/two-factor", "DELETE /api/v1/auth/two-factor", "POST /api/v1/auth/two-factor/confirm",
            "POST /api/v1/auth/two-factor/recovery-codes", "GET /api/v1/users/profile", "PUT /api/v1/users/profile",
            "GET /api/v1/users/export", "DELETE /api/v1/users/account", "POST /api/v1/users/account/restore",
            "GET /api/v1/auth/identities", "DELETE /api/v1/auth/identities/{id}", "GET /api/v1/auth/tokens",
            "POST /api/v1/auth/tokens", "DELETE /api/v1/auth/tokens/{id}", "POST /api/v1/auth/change-password",
            "POST /api/v1/auth/change-email", "POST /api/v1/auth/verify-email/resend", "GET /api/v1/invitations",
            "POST /api/v1/invitations/{token}/accept", "GET /auth/profile", "POST /auth/profile",
            "POST /auth/profile/sessions/end-others", "POST /auth/profile/sessions/{id}/end",
            "POST /auth/profile/tokens", "POST /auth/profile/password", "POST /auth/profile/email",
            "POST /auth/profile/verify-email", "POST /auth/profile/tokens/{id}/delete",
            "POST /auth/profile/two-factor", "POST /auth/profile/two-factor/confirm",
            "POST /auth/profile/two-factor/remove", "POST /auth/profile/two-factor/recovery-codes",
            "POST /auth/profile/identities/{id}/unlink", "POST /auth/profile/delete", "POST /auth/profile/restore",
            "GET /organizations", "POST /organizations", "POST /organizations/{id}/activate",
        ],
        // In the organization of the path. What becomes of it `RoleTests` tries.
        .member(atLeast: .viewer): [
            "GET /api/v1/organizations/{id}", "GET /api/v1/organizations/{id}/members", "GET /organizations/{id}",
        ],
        .member(atLeast: .viewer, evenSuspended: true): [
            "POST /api/v1/organizations/{id}/leave", "DELETE /api/v1/organizations/{id}/members/{user_id}",
            "POST /organizations/{id}/members/{user_id}/remove", "POST /organizations/{id}/leave",
        ],
        .member(atLeast: .admin): [
            "PUT /api/v1/organizations/{id}", "PUT /api/v1/organizations/{id}/members/{user_id}",
            "GET /api/v1/organizations/{id}/audit", "GET /api/v1/organizations/{id}/grants",
            "POST /api/v1/organizations/{id}/grants", "DELETE /api/v1/organizations/{id}/grants/{grant_id}",
            "GET /api/v1/organizations/{id}/invitations", "POST /api/v1/organizations/{id}/invitations",
            "POST /api/v1/organizations/{id}/invitations/{invitation_id}/resend",
            "DELETE /api/v1/organizations/{id}/invitations/{invitation_id}", "POST /organizations/{id}/invitations",
            "POST /organizations/{id}/invitations/{invitation_id}/resend",
            "POST /organizations/{id}/invitations/{invitation_id}/revoke", "POST /organizations/{id}",
            "POST /organizations/{id}/members/{user_id}/role",
        ],
        .member(atLeast: .owner): [
            "DELETE /api/v1/organizations/{id}", "POST /api/v1/organizations/{id}/restore",
            "POST /api/v1/organizations/{id}/transfer-ownership", "POST /organizations/{id}/two-factor",
            "POST /organizations/{id}/transfer-ownership", "POST /organizations/{id}/delete",
            "POST /organizations/{id}/restore",
        ],
        .user(atLeast: .viewer, orGrant: true): [
            "GET /api/v1/projects", "GET /api/v1/projects/{id}", "GET /projects", "GET /projects/{id}",
        ],
        .user(atLeast: .member, orGrant: true): ["PUT /api/v1/projects/{id}", "POST /projects/{id}"],
        .user(atLeast: .viewer): [
            "GET /api/v1/entities", "GET /api/v1/entities/{id}", "GET /api/v1/entities/{id}/events",
            "GET /api/v1/entities/{id}/relationships", "GET /api/v1/entities/{id}/graph",
        ],
        .user(atLeast: .member): [
            "POST /api/v1/projects", "DELETE /api/v1/projects/{id}",
            "POST /api/v1/entities", "PUT /api/v1/entities/{id}", "DELETE /api/v1/entities/{id}",
            "POST /api/v1/relationships", "DELETE /api/v1/relationships/{id}",
            "POST /projects", "POST /projects/{id}/delete",
        ],
        .superuser: [
            "GET /api/v1/admin/users", "PATCH /api/v1/admin/users/{id}", "GET /api/v1/admin/organizations",
            "GET /api/v1/admin/stats", "GET /api/v1/admin/audit",
        ],
        .internalService: [
            "GET /internal/v1/revocations", "POST /internal/v1/sessions/renew", "GET /internal/v1/api-tokens/{hash}",
            "GET /internal/v1/snapshot/organizations", "GET /internal/v1/snapshot/members",
            "GET /internal/v1/snapshot/users", "GET /internal/v1/snapshot/projects",
        ],
        .public: [
            "POST /api/v1/auth/register", "POST /api/v1/auth/login", "POST /api/v1/auth/refresh",
            "POST /api/v1/auth/two-factor/challenge", "POST /auth/two-factor", "POST /api/v1/auth/forgot-password",
            "POST /api/v1/auth/reset-password", "POST /api/v1/auth/verify-email",
            "POST /api/v1/invitations/{token}/decline", "GET /auth/forgot-password", "POST /auth/forgot-password",
            "GET /auth/reset-password", "POST /auth/reset-password", "GET /auth/verify-email",
            "POST /auth/verify-email", "GET /invitations/{token}", "POST /invitations/{token}",
            "GET /api/v1/auth/oidc",
            "GET /api/v1/auth/oidc/{provider}/start", "GET /api/v1/auth/oidc/{provider}/callback",
            "GET /.well-known/jwks.json", "GET /", "GET /auth/login", "GET /auth/register", "POST /auth/login",
            "POST /auth/register", "GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.yaml",
            "GET /static/auth/{file}",
        ],
    ]
    /// What personal access tokens may do, by the scope that it takes; for the rest somebody has to sign in.
    private static let scopes: [TokenScope: Set<String>] = [
        TokenScope(.profile, .read): ["GET /api/v1/auth/me", "GET /api/v1/users/profile"],
        TokenScope(.profile, .write): ["PUT /api/v1/auth/me", "PUT /api/v1/users/profile"],
        TokenScope(.organization, .read): [
            "GET /api/v1/entities", "GET /api/v1/entities/{id}", "GET /api/v1/entities/{id}/events",
            "GET /api/v1/entities/{id}/relationships", "GET /api/v1/entities/{id}/graph",
            "GET /api/v1/organizations/{id}/audit", "GET /api/v1/organizations", "GET /api/v1/organizations/{id}",
            "GET /api/v1/projects", "GET /api/v1/projects/{id}",
        ],
        TokenScope(.organization, .write): [
            "PUT /api/v1/organizations/{id}", "POST /api/v1/projects", "PUT /api/v1/projects/{id}",
            "DELETE /api/v1/projects/{id}",
            "POST /api/v1/entities", "PUT /api/v1/entities/{id}", "DELETE /api/v1/entities/{id}",
            "POST /api/v1/relationships", "DELETE /api/v1/relationships/{id}",
        ],
        TokenScope(.members, .read): [
            "GET /api/v1/organizations/{id}/grants", "GET /api/v1/organizations/{id}/members",
            "GET /api/v1/organizations/{id}/invitations",
        ],
        TokenScope(.members, .write): [
            "POST /api/v1/organizations/{id}/grants", "DELETE /api/v1/organizations/{id}/grants/{grant_id}",
            "PUT /api/v1/organizations/{id}/members/{user_id}",
            "DELETE /api/v1/organizations/{id}/members/{user_id}", "POST /api/v1/organizations/{id}/invitations",
            "POST /api/v1/organizations/{id}/invitations/{invitation_id}/resend",
            "DELETE /api/v1/organizations/{id}/invitations/{invitation_id}",
        ],
    ]
    private static let forPrograms = access.filter { $0.key != .public }.values.reduce(Set()) { $0.union($1) }
        .filter { !isForBrowsers($0) }

    private static func isForBrowsers(_ name: String) -> Bool {
        !name.contains(" /api/") && !name.contains(" /internal/")
    }

    @Test func `every route is for those it is meant for`() async throws {
        let routes = try await AuthServer.shared().application.http.routes.routes
        let found = Dictionary(grouping: routes, by: \.access).mapValues { routes in
            Set(routes.map { "\($0.method.rawValue) \($0.path)" })
        }
        #expect(found == Self.access)
    }

    @Test func `nobody, the wrong and the revoked are refused everywhere`() async throws {
        let server = try await AuthServer.shared()
        let gone = try await server.newcomer()
        #expect(try await gone.api.post("/api/v1/auth/logout").status == 204)
        // Auth asks nobody whose it is.
        let deviceKey = SecretToken(.deviceKey).secret
        let forged = gone.accessToken.dropLast(4) + "AAAA"
        let useless = try await uselessTokens(of: try await server.newcomer(), server)
        let tokens = [nil, gone.accessToken, String(forged), "x", "lms_dev_x", deviceKey, "lms_pat_x"] + useless
        for name in Self.forPrograms {
            let (method, path) = split(name)
            for token in tokens {
                var client = server.client()
                if let token { client = client.authorized(token) }
                let response = try await client.send(method, path, json: method == .PUT ? ["name": "Eve"] : nil)
                #expect(response.status == 401, "\(name) with \(token ?? "nothing"): \(response)")
                #expect(response.header("www-authenticate")?.hasPrefix("Bearer") == true)
            }
        }
    }

    @Test func `a browser that nobody has signed in with is sent to do so, whatever page it asks for`() async throws {
        let server = try await AuthServer.shared()
        let useless = try await uselessTokens(of: try await server.newcomer(), server)
        let cookies = [""] + (["x"] + useless).map { "session_token=" + $0 }
        for name in Self.access.filter({ $0.key != .public }).values.joined() where Self.isForBrowsers(name) {
            let (method, path) = split(name)
            for cookie in cookies {
                let response = try await server.client().send(
                    method, path, headers: ["accept": "text/html", "cookie": cookie])
                #expect(response.status == 303, "\(name): \(response)")
                #expect(response.header("location")?.hasPrefix("/auth/login") == true, "\(name)")
            }
        }
    }

    @Test func `a personal access token opens no page`() async throws {
        let server = try await AuthServer.shared()
        let all = try await server.newcomer().accessToken(TokenScope.allCases)
        for name in Self.access.filter({ $0.key != .public }).values.joined() where Self.isForBrowsers(name) {
            let (method, path) = split(name)
            #expect(try await all.send(method, path).status == 403, "\(name)")
        }
    }

    @Test func `a service passes for no user, and no user for a service`() async throws {
        let server = try await AuthServer.shared()
        let root = try await server.superuser()
        let service = server.client().authorized(try await server.internalToken())
        for name in Self.forPrograms {
            let (method, path) = split(name)
            if Self.access[.internalService]?.contains(name) == true {
                #expect(try await root.api.send(method, path).status == 403, "\(name)")
                // What is no session's token is not renewed, and what is no token's hash not found.
                let answer = try await service.send(method, path, json: method == .POST ? ["token": "x"] : nil)
                let expected = method == .POST ? 204 : path.contains("api-tokens") ? 404 : 200
                #expect(answer.status == expected, "\(name)")
            } else {
                #expect(try await service.send(method, path).status == 403, "\(name)")
            }
        }
    }

    @Test(arguments: Role.allCases)
    func `a role is enough for its routes and those of lower ones`(role: Role) async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        _ = try await server.query(
            "UPDATE auth.memberships SET role = \(role.rawValue) WHERE user_id = \(UUID(uuidString: ada.id))")
        let token = try #require(try await ada.refresh(ada.refreshToken).json["access_token"].string)
        for (access, names) in Self.access {
            let mayUse: Bool
            switch access {
            case .user(let least, _): mayUse = role >= least
            case .superuser: mayUse = false
            default: continue
            }
            // Without its token a form is forbidden to everybody; who may send one, the tests of pages try.
            for name in names where !(Self.isForBrowsers(name) && name.hasPrefix("POST")) {
                let (method, path) = split(name)
                // Without a body and with an id of nothing, whoever may use a route gets no further than this.
                let status = try await ada.client.authorized(token).send(method, path).status
                #expect((status == 403) != mayUse, "\(name): \(status)")
            }
        }
    }

    @Test(arguments: Role.allCases)
    func `a role in the organization of the path is enough for its routes, wherever its member is active`(
        role: Role
    ) async throws {
        let server = try await AuthServer.shared()
        let owner = try await server.newcomer()
        for (access, names) in Self.access {
            guard case .member(let least, _) = access else { continue }
            for name in names where !Self.isForBrowsers(name) {
                // Another one each time, since who leaves is no member any more.
                let member = try await server.newcomer()
                try await server.join(member, to: owner.organizationID, as: role)
                let (method, path) = split(name, of: owner.organizationID)
                let status = try await member.api.send(method, path).status
                #expect((status == 403) != (role >= least), "\(name): \(status)")
            }
        }
    }

    @Test func `a route of an organization does not exist for who does not belong to it`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let root = try await server.superuser()
        for (access, names) in Self.access {
            guard case .member = access else { continue }
            for name in names where !Self.isForBrowsers(name) {
                let (method, path) = split(name, of: ada.organizationID)
                for stranger in [eve, root] {
                    #expect(try await stranger.api.send(method, path).status == 404, "\(name)")
                }
            }
        }
    }

    @Test func `a personal access token does what its scopes say, and nothing that needs signing in`() async throws {
        let server = try await AuthServer.shared()
        let root = try await server.superuser()
        let all = try await root.accessToken(TokenScope.allCases)
        for route in server.application.http.routes.routes {
            let name = "\(route.method.rawValue) \(route.path)"
            guard Self.forPrograms.contains(name), route.access != .internalService else { continue }
            let scope = Self.scopes.first { $1.contains(name) }?.key
            let (method, path) = split(name)
            let status = try await all.send(method, path).status
            guard route.access != .superuser else {
                #expect(status == 403, "\(name): not even a superuser's")
                continue
            }
            #expect(route.tokens == scope.map { .scopes([$0]) } ?? .signIn, "\(name)")
            #expect((status == 403) == (scope == nil) && status != 401, "\(name): \(status)")
            let others = try await root.accessToken(TokenScope.allCases.filter { $0 != scope })
            #expect(try await others.send(method, path).status == 403, "\(name)")
        }
        #expect(try await root.api.get("/api/v1/auth/me").status == 200)
    }

    @Test func `no form is taken without its own token`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let browser = try await ada.browser()
        let foreign = try await eve.browser().form("/organizations").token
        // Before somebody signs in, forms are bound to a cookie that their pages set.
        let entry = try await Browser(client: server.client()).form("/auth/login")
        for route in server.application.http.routes.routes where route.method == .post {
            let name = "\(route.method.rawValue) \(route.path)"
            guard Self.isForBrowsers(name) else { continue }
            for cookie in [browser.cookie] + (route.access == .public ? [entry.cookie] : []) {
                let form = Form(
                    client: ada.client, path: split(name).1, page: entry.page, token: "", cookie: cookie)
                for token in [nil, "", "x", foreign] {
                    let response = try await form.submit(
                        pairs: token.map { [("csrf_token", $0)] } ?? [], headers: ["sec-fetch-site": "same-origin"])
                    #expect(response.status == 403, "\(name) with \(token ?? "nothing"): \(response)")
                    #expect(response.text.contains("The form has expired"), "\(name)")
                }
            }
        }
    }

    /// Tokens of a session that holds, one that has run out and one that is for others than us.
    private func uselessTokens(of person: Newcomer, _ server: AuthServer) async throws -> [String] {
        let part = try #require(person.accessToken.split(separator: ".").dropFirst().first)
        let claims = try JSONDecoder().decode(TokenClaims.self, from: Data(try #require(Base64URL.decode(part))))
        let same = try await server.sign(claims)
        #expect(try await person.client.authorized(same).get("/api/v1/auth/me").status == 200)
        var (expired, foreign) = (claims, claims)
        expired.exp = Date.now.timeIntervalSince1970 - 1
        foreign.aud = "others"
        return [try await server.sign(expired), try await server.sign(foreign)]
    }

    private func split(_ name: String, of organization: String = UUID().uuidString) -> (HTTPMethod, String) {
        let parts = name.split(separator: " ").map(String.init)
        let path = ["{user_id}", "{grant_id}", "{invitation_id}", "{token}"].reduce(parts[1]) {
            $0.replacing($1, with: UUID().uuidString)
        }.replacing("{id}", with: organization).replacing("{hash}", with: SecretHash(of: "none").hex)
        return (HTTPMethod(rawValue: parts[0]), path)
    }
}
