import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// A browser on its way through a provider.
struct Journey {
    let browser: Browser
    /// Where the browser was sent to.
    let url: String
    /// The cookie that binds it to the browser, as it was set.
    let setCookie: String

    var state: String { parameter("state") }
    var nonce: String { parameter("nonce") }

    func parameter(_ name: String) -> String {
        URLComponents(string: url)?.queryItems?.first { $0.name == name }?.value ?? ""
    }

    /// Brings the browser back to a path.
    func arrive(at path: String) async throws -> TestHTTPResponse {
        let cookies = [browser.cookie, setCookie.firstPair].filter { !$0.isEmpty }.joined(separator: "; ")
        return try await Browser(client: browser.client, cookie: cookies).get(path)
    }

    /// Brings the browser back with a code of the scripted provider.
    func arrive(with code: String) async throws -> TestHTTPResponse {
        try await arrive(at: "/api/v1/auth/oidc/scripted/callback?code=\(code)&state=\(state)")
    }
}

extension Browser {
    /// Begins to sign in by way of a provider; who is signed in does so from a page of the site.
    func journey(to provider: String, next: String = "/devices") async throws -> Journey {
        var browser = self
        var client = client
        client.headers.add(name: "sec-fetch-site", value: "same-origin")
        browser = Browser(client: client, cookie: cookie)
        let path = "/api/v1/auth/oidc/\(provider)/start?next=" + percentEncode(next)
        let response = try await browser.get(path)
        guard response.status == 303, let url = response.header("location"),
            let cookie = response.headers["set-cookie"].first(where: { $0.hasPrefix("oidc_") })
        else { throw UnexpectedAnswer(response: response) }
        return Journey(browser: self, url: url, setCookie: cookie)
    }

    /// The whole way through the real provider.
    func signIn(_ subject: String, next: String = "/devices") async throws -> TestHTTPResponse {
        let journey = try await journey(to: "mock", next: next)
        return try await journey.arrive(at: try await OIDCProvider.shared().signIn(subject, at: journey.url))
    }
}

extension TestHTTPResponse {
    /// The browser that this response has signed in.
    func signedIn(_ browser: Browser) throws -> Browser {
        Browser(client: browser.client, cookie: try #require(cookie("session_token"), "\(self)").firstPair)
    }

    /// Whom this response has signed in.
    func user() async throws -> JSONValue {
        let session = try #require(cookie("session_token"), "\(self)").firstPair
        return try await AuthServer.federated().server.client().get(
            "/api/v1/auth/me", headers: ["cookie": session]
        ).json
    }
}

extension AuthServer {

    /// A server that knows three providers: `mock` is the real one, `scripted` says what tests want, `down` is away.
    static func federated() async throws -> (server: AuthServer, scripted: ScriptedProvider) {
        try await federation.value
    }

    private static let federation = Task {
        let (mock, scripted) = (try await OIDCProvider.shared(), try await ScriptedProvider.start())
        let providers: JSONValue = [
            [
                "name": "mock", "title": "Mock & Co", "issuer": .string(mock.issuer), "client_id": "lms",
                "client_secret": "any",
            ],
            [
                "name": "scripted", "title": "Script", "issuer": .string(scripted.issuer),
                "client_id": .string(ScriptedProvider.clientID),
                "client_secret": .string(ScriptedProvider.clientSecret),
            ],
            ["name": "down", "title": "Down", "issuer": "http://127.0.0.1:1", "client_id": "lms"],
        ]
        let server = try await start(
            on: try await makeDatabase(),
            settings: [
                "LMS_OIDC_PROVIDERS": String(decoding: try JSONEncoder().encode(providers), as: UTF8.self)
            ])
        return (server, scripted)
    }

    /// Notes that somebody has answered a letter to the account's address.
    func verifyAddress(of newcomer: Newcomer) async throws {
        _ = try await query(
            "UPDATE auth.users SET email_verified_at = now() WHERE id = \(UUID(uuidString: newcomer.id))")
    }
}
