import HTTPKit
import Hummingbird
import Identity
import TestKit
import Testing

/// What a personal access token, here one that may read devices, is let do.
@Suite struct TokenScopeTests {
    private static let areas = TokenAreas(
        .devices, except: ["/organizations": .organization, "/organizations/{organization}/leave": nil])

    private func serve(_ body: @Sendable (ServedRoutes) async throws -> Void) async throws {
        try await ServedRoutes.with(
            areas: Self.areas,
            { table in
                for path in ["/devices", "/organizations/{id}", "/organizations/{id}/leave", "/organizationsfoo"] {
                    table.get(path, .signedIn) { _, _ in JSON(["ok": true]) }
                }
                table.post("/devices", .signedIn) { _, _ in JSON(["ok": true]) }
                table.post("/poll", .signedIn, tokens: .scopes([TokenScope(.devices, .read)])) { _, _ in
                    JSON(["ok": true])
                }
                table.get("/everything", .signedIn, tokens: .scopes(Set(TokenScope.allCases))) { _, _ in
                    JSON(["ok": true])
                }
                table.get("/public", .public) { _, _ in JSON(["ok": true]) }
                table.get("/admin", .superuser, tokens: .scopes([])) { _, _ in JSON(["ok": true]) }
            }, body)
    }

    @Test(arguments: [
        ("GET", "/devices", 200), ("POST", "/devices", 403), ("POST", "/poll", 200), ("GET", "/everything", 403),
        ("GET", "/organizations/1", 403), ("GET", "/organizations/1/leave", 403), ("GET", "/organizationsfoo", 200),
        ("GET", "/public", 200), ("GET", "/admin", 403), ("GET", "/metrics", 200),
    ])
    func theTableDecidesByScope(method: String, path: String, status: Int) async throws {
        try await serve { served in
            let token = served.client.authorized(served.accessToken.secret)
            #expect(try await token.send(.init(rawValue: method), path).status == status)
            // Somebody who has signed in is limited by the role alone.
            let user = try await served.user(.owner)
            #expect(try await user.send(.init(rawValue: method), path).status == (path == "/admin" ? 403 : 200))
        }
    }

    @Test func theRefusalNamesTheScope() async throws {
        try await serve { served in
            let token = served.client.authorized(served.accessToken.secret)
            let response = try await token.post("/devices")
            #expect(response.json["detail"] == "The personal access token lacks the scope devices:write.")
            #expect(
                response.header("www-authenticate") == "Bearer error=\"insufficient_scope\", scope=\"devices:write\"")
            let leave = try await token.get("/organizations/1/leave")
            #expect(leave.json["detail"] == "A personal access token cannot do this; sign in.")
        }
    }

    @Test func withoutAreasNoTokenIsLetIn() async throws {
        let status = try await ServedRoutes.with(
            { table in table.get("/devices", .signedIn) { _, _ in JSON(["ok": true]) } },
            { served in try await served.client.authorized(served.accessToken.secret).get("/devices").status })
        #expect(status == 403)
    }
}
