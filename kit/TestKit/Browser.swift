import Foundation
import NIOHTTP1

/// What a browser keeps of the pages it has been to.
public struct Browser: Sendable {
    public let client: TestHTTPClient
    /// The value of `Cookie`.
    public var cookie: String

    public init(client: TestHTTPClient, cookie: String = "") {
        self.client = client
        self.cookie = cookie
    }

    public func get(_ path: String) async throws -> TestHTTPResponse {
        var headers: HTTPHeaders = ["accept": "text/html"]
        if !cookie.isEmpty { headers.add(name: "cookie", value: cookie) }
        return try await client.get(path, headers: headers)
    }

    /// A page with a form, ready to be filled in.
    ///
    /// - Throws: ``UnexpectedAnswer`` for a page without one.
    public func form(_ path: String) async throws -> Form {
        let page = try await get(path)
        let marker = "name=\"csrf_token\" value=\""
        guard let start = page.text.range(of: marker)?.upperBound else { throw UnexpectedAnswer(response: page) }
        let token = String(page.text[start...].prefix { $0 != "\"" })
        let cookies = [cookie, page.cookie("form_token")?.firstPair ?? ""].filter { !$0.isEmpty }
        return Form(
            client: client, path: String(path.prefix { $0 != "?" }), page: page, token: token,
            cookie: cookies.joined(separator: "; "))
    }

    /// Sends a form of a page as the page does.
    public func submit(
        _ path: String, _ fields: [(String, String)] = [], from page: String
    ) async throws -> TestHTTPResponse {
        let form = try await form(page)
        return try await form.submit(
            to: path, pairs: fields + [("csrf_token", form.token)], headers: ["sec-fetch-site": "same-origin"])
    }

    /// The same browser with the cookie that an answer has set.
    public func after(_ response: TestHTTPResponse) -> Browser {
        Browser(client: client, cookie: response.cookie("session_token")?.firstPair ?? cookie)
    }

    /// The page that a form leads to.
    ///
    /// - Throws: ``UnexpectedAnswer`` where it leads to none.
    public func landing(_ response: TestHTTPResponse) async throws -> TestHTTPResponse {
        guard response.status == 303, let location = response.header("location") else {
            throw UnexpectedAnswer(response: response)
        }
        return try await after(response).get(location)
    }
}

/// A form of a page.
public struct Form: Sendable {
    public let client: TestHTTPClient
    public let path: String
    public let page: TestHTTPResponse
    public let token: String
    public let cookie: String

    public init(client: TestHTTPClient, path: String, page: TestHTTPResponse, token: String, cookie: String) {
        self.client = client
        self.path = path
        self.page = page
        self.token = token
        self.cookie = cookie
    }

    public func submit(
        to path: String? = nil, _ fields: [String: String], headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        let pairs = fields.map { ($0, $1) } + [("csrf_token", token)]
        return try await submit(to: path, pairs: pairs, headers: headers)
    }

    /// Without the token, unless it is among the fields.
    public func submit(
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
    public func cookie(_ name: String) -> String? {
        headers["set-cookie"].first { $0.hasPrefix(name + "=") }
    }
}

extension String {
    /// `name=value` of a `Set-Cookie`.
    public var firstPair: String { String(prefix { $0 != ";" }) }
}
