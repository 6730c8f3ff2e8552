import Foundation
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// What a browser keeps of the pages it has been to.
struct Browser {
    let client: TestHTTPClient
    /// The value of `Cookie`.
    var cookie = ""

    func get(_ path: String) async throws -> TestHTTPResponse {
        var headers: HTTPHeaders = ["accept": "text/html"]
        if !cookie.isEmpty { headers.add(name: "cookie", value: cookie) }
        return try await client.get(path, headers: headers)
    }

    /// A page with a form, ready to be filled in.
    func form(_ path: String) async throws -> Form {
        let page = try await get(path)
        let marker = "name=\"csrf_token\" value=\""
        let start = try #require(page.text.range(of: marker)?.upperBound, "\(page)")
        let token = String(page.text[start...].prefix { $0 != "\"" })
        let cookies = [cookie, page.cookie("form_token")?.firstPair ?? ""].filter { !$0.isEmpty }
        return Form(
            client: client, path: String(path.prefix { $0 != "?" }), page: page, token: token,
            cookie: cookies.joined(separator: "; "))
    }

    func signedIn(_ newcomer: Newcomer) async throws -> Browser {
        let response = try await form("/auth/login").submit([
            "email": newcomer.email, "password": Newcomer.password,
        ])
        return Browser(client: client, cookie: try #require(response.cookie("session_token")).firstPair)
    }

    /// Sends a form of a page as the page does.
    func submit(
        _ path: String, _ fields: [(String, String)] = [], from page: String
    ) async throws -> TestHTTPResponse {
        let form = try await form(page)
        return try await form.submit(
            to: path, pairs: fields + [("csrf_token", form.token)], headers: ["sec-fetch-site": "same-origin"])
    }

    /// The same browser with the cookie that an answer has set.
    func after(_ response: TestHTTPResponse) -> Browser {
        Browser(client: client, cookie: response.cookie("session_token")?.firstPair ?? cookie)
    }

    /// The page that a form leads to.
    func landing(_ response: TestHTTPResponse) async throws -> TestHTTPResponse {
        #expect(response.status == 303, "\(response)")
        return try await after(response).get(try #require(response.header("location")))
    }

    /// The same browser in another organization of its user.
    func switching(to organization: String) async throws -> Browser {
        let response = try await submit("/organizations/\(organization)/activate", from: "/organizations")
        #expect(response.header("location") == "/organizations?done=switched")
        return after(response)
    }
}

extension Newcomer {
    /// Signed in by the page, and in the organization that the API's session is in.
    func browser() async throws -> Browser {
        let browser = try await Browser(client: client).signedIn(self)
        let me = try await client.get("/api/v1/auth/me", headers: ["cookie": browser.cookie])
        return me.json["organization_id"].string == organizationID
            ? browser : try await browser.switching(to: organizationID)
    }
}

struct Form {
    let client: TestHTTPClient
    let path: String
    let page: TestHTTPResponse
    let token: String
    let cookie: String

    func submit(
        to path: String? = nil, _ fields: [String: String], headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        let pairs = fields.map { ($0, $1) } + [("csrf_token", token)]
        return try await submit(to: path, pairs: pairs, headers: headers)
    }

    /// Without the token, unless it is among the fields.
    func submit(
        to path: String? = nil, pairs: [(String, String)], headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        var headers = headers
        headers.add(name: "cookie", value: cookie)
        headers.add(name: "accept", value: "text/html")
        headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        let body = pairs.map { "\(percentEncode($0))=\(percentEncode($1))" }.joined(separator: "&")
        return try await client.send(.POST, path ?? self.path, headers: headers, body: Array(body.utf8))
    }
}

extension TestHTTPResponse {
    /// The value of `Set-Cookie` for a cookie.
    func cookie(_ name: String) -> String? {
        headers["set-cookie"].first { $0.hasPrefix(name + "=") }
    }
}

extension String {
    /// `name=value` of a `Set-Cookie`.
    var firstPair: String { String(prefix { $0 != ";" }) }
}
