import Foundation
import HTTPKit
import Hummingbird
import Identity
import TestKit
import Testing

@Suite struct AccessTests {
    private static let accesses: [(path: String, access: Access)] = [
        ("/public", .public), ("/signed-in", .signedIn), ("/viewer", .user(atLeast: .viewer)),
        ("/admin", .user(atLeast: .admin)), ("/device", .device),
        ("/either", .userOrDevice(atLeast: .member)), ("/superuser", .superuser), ("/internal", .internalService),
    ]

    private func serve(_ body: @Sendable (ServedRoutes) async throws -> Void) async throws {
        try await ServedRoutes.with(
            { table in
                for (path, access) in Self.accesses {
                    table.post(path, access) { _, context in
                        JSON(["organization": context.principal?.organizationID?.uuidString])
                    }
                }
            }, body)
    }

    @Test func everyRouteAdmitsExactlyThoseItDeclares() async throws {
        try await serve { served in
            let callers: [(name: String, client: TestHTTPClient, admitted: Set<String>)] = [
                ("nobody", served.client, []),
                ("viewer", try await served.user(.viewer), ["/signed-in", "/viewer"]),
                ("member", try await served.user(.member), ["/signed-in", "/viewer", "/either"]),
                ("owner", try await served.user(.owner), ["/signed-in", "/viewer", "/admin", "/either"]),
                ("user without organization", try await served.user(nil), ["/signed-in"]),
                ("superuser", try await served.user(nil, isSuperuser: true), ["/signed-in", "/superuser"]),
                ("device", served.client.authorized(served.deviceKey.secret), ["/device", "/either"]),
                ("service", try await served.service(), ["/internal"]),
            ]
            for (name, client, admitted) in callers {
                for (path, access) in Self.accesses {
                    let refusal = name == "nobody" ? 401 : 403
                    let expected = access == .public || admitted.contains(path) ? 200 : refusal
                    #expect(try await client.post(path).status == expected, "\(name) \(path)")
                }
            }
        }
    }

    @Test func membersAreLookedUpInTheOrganizationOfThePath() async throws {
        let organization = UUID()
        let members: MembershipCheck = { user, asked, least, evenSuspended in
            guard asked == organization else { throw Problem.notFound() }
            guard let role = user.role, role >= least, least == .admin, evenSuspended else { throw Problem.forbidden() }
        }
        func declare(_ table: inout RouteTable) {
            table.post("/organizations/{id}", .member(atLeast: .admin, evenSuspended: true)) { _, _ in
                HTTPResponse.Status.noContent
            }
        }
        try await ServedRoutes.with(members: members, declare) { served in
            let (path, other) = ("/organizations/\(organization)", "/organizations/\(UUID())")
            let (viewer, owner) = (try await served.user(.viewer), try await served.user(.owner))
            #expect(try await owner.post(path).status == 204)
            #expect(try await viewer.post(path).status == 403)
            #expect(try await owner.post(other).status == 404)
            #expect(try await owner.post("/organizations/x").status == 404)
            #expect(try await served.client.post(path).status == 401)
            #expect(try await served.service().post(path).status == 403)
        }
    }

    @Test func theTableHoldsEveryRoute() async throws {
        try await serve { served in
            let declared = Set(served.routes.routes.map(\.path))
            #expect(declared == Set(Self.accesses.map(\.path) + ["/livez", "/readyz", "/metrics"]))
        }
    }

    @Test func aDeviceKeyMayStandInEitherHeader() async throws {
        try await serve { served in
            let response = try await served.client.post(
                "/device", headers: ["x-api-key": served.deviceKey.secret])
            #expect(response.json["organization"].string == served.organization.uuidString)
        }
    }

    @Test func aDeviceKeyInThePathIsTheCredential() async throws {
        try await ServedRoutes.with(
            { table in
                table.get("/api/v1/{token}/thing", .device) { _, context in
                    JSON(["device": try context.device.id.uuidString])
                }
            },
            { served in
                let key = served.deviceKey.secret
                let path = "/api/v1/\(key)/thing?timeout=1"
                #expect(try await served.client.get(path).json["device"].string == served.device.uuidString)
                let user = try await served.user(.owner)
                #expect(try await user.get(path).json["device"].string == served.device.uuidString)
                for path in ["/api/v1/\(key)A/thing", "/api/v1/lms_dev_/thing", "/api/v1/thing/thing"] {
                    #expect(try await served.client.get(path).status == 401, "\(path)")
                }
                #expect(try await user.get("/api/v1/lms_dev_x/thing").status == 401)
                #expect(try await user.get("/api/v1/thing/thing").status == 403)
                let missing = try await served.client.get("/api/v1/\(key)/nothing")
                #expect(missing.status == 404)
                #expect(missing.json["instance"] == "/api/v1/[redacted]/nothing")
                #expect(!missing.text.contains(key))
            })
    }

    @Test(arguments: ["Bearer rubbish", "Basic abc", "Bearer lms_dev_unknown", "Bearer "])
    func badCredentialsAre401(authorization: String) async throws {
        try await serve { served in
            let response = try await served.client.post("/viewer", headers: ["authorization": authorization])
            #expect(response.status == 401)
            #expect(response.header("www-authenticate") == "Bearer error=\"invalid_token\"")
            #expect(try await served.client.post("/public", headers: ["authorization": authorization]).status == 200)
        }
    }

    @Test func expiredAndRevokedTokensAre401() async throws {
        try await serve { served in
            let expired = served.client.authorized(try await served.token(.owner, lifetime: -10))
            #expect(try await expired.post("/viewer").json["detail"].string == "The credentials have expired.")
            let user = try await served.user(.owner)
            #expect(try await user.post("/viewer").status == 200)
            let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
            served.revocations.insert(
                Revocation(.organization(served.organization), at: now, until: now + 60_000_000))
            #expect(try await user.post("/viewer").status == 401)
        }
    }

    @Test(arguments: [
        ("origin", "http://lms.example", 200), ("origin", "http://evil.example", 403), ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 200), ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403), ("x-other", "", 403),
    ])
    func aCookieChangesStateFromOurOwnPagesOnly(header: String, value: String, status: Int) async throws {
        try await serve { served in
            let browser = try await served.browser(.owner)
            let response = try await browser.post("/viewer", headers: ["host": "lms.example", header: value])
            #expect(response.status == status)
        }
    }

    @Test func theGatewaysHostCounts() async throws {
        try await serve { served in
            let browser = try await served.browser(.owner)
            let response = try await browser.post(
                "/viewer",
                headers: ["host": "127.0.0.1:8101", "x-forwarded-host": "lms.example", "origin": "https://lms.example"])
            #expect(response.status == 200)
        }
    }

    @Test func aBearerTokenNeedsNoOrigin() async throws {
        try await serve { served in
            let user = try await served.user(.owner)
            #expect(try await user.post("/viewer", headers: ["origin": "http://elsewhere.example"]).status == 200)
        }
    }
}
