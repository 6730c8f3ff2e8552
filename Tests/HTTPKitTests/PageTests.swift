import Foundation
import HTTPKit
import Hummingbird
import Identity
import TestKit
import Testing

@Suite struct PageTests {
    private struct Greeting {
        let name: String
    }

    private enum Done: String, Notice {
        case renamed

        var text: String { "The <name> is another one." }
    }

    private func serve(_ body: @Sendable (ServedRoutes) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lms-pages-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try #"{{<layout}}{{$title}}Hello{{/title}}{{$content}}<p id="x">{{page.name}}</p>{{/content}}{{/layout}}"#
            .write(to: folder.appendingPathComponent("greeting.mustache"), atomically: true, encoding: .utf8)
        try await ServedRoutes.with(
            pages: { try PageRenderer(service: "test", templates: folder, forms: $0) },
            { table, pages in
                table.page("/public", .public) { request, context in
                    try pages.render("greeting", Greeting(name: "<b>&\"'"), for: request, context)
                }
                table.page("/private", .user(atLeast: .viewer)) { request, context in
                    try pages.render("greeting", Greeting(name: "you"), for: request, context)
                }
                table.page("/admin", .user(atLeast: .admin)) { _, _ in HTML("never") }
                table.page("/notice", .public) { request, context in
                    try pages.render(
                        "greeting", Greeting(name: request.notice(Done.self) ?? "-"), for: request, context)
                }
                table.get("/rename", .public) { _, _ in Redirect(to: "/notice", done: Done.renamed) }
                table.form("/sign-in", .public) { _, context in Redirect(to: context.form["next"] ?? "/") }
                table.form("/change", .user(atLeast: .viewer)) { _, context in
                    JSON(["name": context.form["name"]])
                }
            }, body)
    }

    private func csrfToken(in response: TestHTTPResponse) throws -> String {
        let match = try #require(response.text.firstMatch(of: /name="csrf-token" content="([^"]+)"/))
        return String(match.1)
    }

    @Test func aPageStandsInTheLayoutAndIsEscaped() async throws {
        try await serve { served in
            let page = try await served.client.get("/public")
            #expect(page.header("content-type") == "text/html; charset=utf-8")
            #expect(page.text.contains(#"<p id="x">&lt;b&gt;&amp;&quot;&#39;</p>"#))
            #expect(page.text.contains("<title>Hello · LMS Core</title>"))
            #expect(page.text.contains("Sign in"))
            #expect(!page.text.contains("Sign out"))
            let policy = try #require(page.header("content-security-policy"))
            #expect(policy.contains("script-src 'self'") && !policy.contains("unsafe"))
        }
    }

    @Test func theNavigationIsForThoseWhoAreSignedIn() async throws {
        try await serve { served in
            let browser = try await served.browser(.viewer)
            let page = try await browser.get("/private")
            #expect(page.text.contains("Sign out"))
            #expect(page.text.contains(#"<a href="/docs">API</a>"#))
            #expect(page.text.contains(#"<a href="/auth/profile">Profile</a>"#))
        }
    }

    @Test func aNoticeIsOneOfThoseThatThePageKnows() async throws {
        try await serve { served in
            let redirect = try await served.client.get("/rename")
            #expect(redirect.status == 303)
            let location = try #require(redirect.header("location"))
            #expect(location == "/notice?done=renamed")
            #expect(try await served.client.get(location).text.contains("The &lt;name&gt; is another one."))
            for query in ["", "?done=", "?done=Sold%20out", "?done=%3Cb%3E", "?done=Renamed"] {
                #expect(try await served.client.get("/notice" + query).text.contains(">-<"), "\(query)")
            }
        }
    }

    @Test func stylesAreCachedForEver() async throws {
        try await serve { served in
            let page = try await served.client.get("/public")
            let path = String(try #require(page.text.firstMatch(of: /"(\/static\/test\/lms\.[0-9a-f]{12}\.css)"/)).1)
            let style = try await served.client.get(path)
            #expect(style.status == 200)
            #expect(style.header("cache-control") == "public, max-age=31536000, immutable")
            #expect(style.header("content-type") == "text/css; charset=utf-8")
            let etag = try #require(style.header("etag"))
            let again = try await served.client.get(path, headers: ["if-none-match": etag])
            #expect(again.status == 304)
            let other = try await served.client.get("/static/test/lms.000000000000.css")
            #expect(other.body == style.body)
            #expect(other.header("cache-control") == "public, no-cache")
        }
    }

    @Test(arguments: ["/static/test/none.css", "/static/test/..%2flms.css", "/static/other/lms.css"])
    func noOtherFilesAreServed(path: String) async throws {
        try await serve { served in
            let response = try await served.client.get(path)
            #expect(response.status == 404)
        }
    }

    @Test func whoeverIsNotSignedInIsSentToDoSoAndBack() async throws {
        try await serve { served in
            let response = try await served.client.get("/private?a=1&b=2")
            #expect(response.status == 303)
            #expect(response.header("location") == "/auth/login?next=%2Fprivate%3Fa%3D1%26b%3D2")
            let stale = try await served.client.get("/private", headers: ["cookie": "session_token=stale"])
            #expect(stale.status == 303)
        }
    }

    @Test func aBrowserIsToldOfErrorsInAPage() async throws {
        try await serve { served in
            let browser = try await served.browser(.viewer)
            let response = try await browser.get("/admin", headers: ["accept": "text/html,*/*;q=0.8"])
            #expect(response.status == 403)
            #expect(response.header("content-type") == "text/html; charset=utf-8")
            #expect(response.text.contains("Forbidden"))
            let api = try await browser.get("/api/v1/nothing", headers: ["accept": "text/html,*/*;q=0.8"])
            #expect(api.header("content-type") == "application/problem+json")
        }
    }

    @Test func aFormNeedsTheTokenOfItsPageBeforeAndAfterSigningIn() async throws {
        try await serve { served in
            for (page, target, start) in [
                ("/public", "/sign-in", served.client), ("/private", "/change", try await served.browser(.viewer)),
            ] {
                var browser = start
                let shown = try await browser.get(page)
                if let cookie = shown.header("set-cookie") {
                    browser.headers.add(name: "cookie", value: String(cookie.prefix { $0 != ";" }))
                }
                let token = try csrfToken(in: shown)
                let headers = ["sec-fetch-site": "same-origin"]
                func status(_ form: KeyValuePairs<String, String>, as browser: TestHTTPClient) async throws -> Int {
                    try await browser.post(target, form: form, headers: .init(headers.map { ($0.key, $0.value) }))
                        .status
                }
                let accepted = try await status(["csrf_token": token, "name": "x"], as: browser)
                #expect(accepted == 303 || accepted == 200)
                #expect(try await status(["name": "x"], as: browser) == 403)
                #expect(
                    try await status(["csrf_token": token.reversed().map(String.init).joined()], as: browser) == 403)
                let other = target == "/change" ? try await served.browser(.viewer) : served.client
                #expect(try await status(["csrf_token": token], as: other) == 403)
            }
        }
    }

    @Test func aFormOfAnotherSiteIsRefused() async throws {
        try await serve { served in
            let browser = try await served.browser(.viewer)
            let token = try csrfToken(in: try await browser.get("/private"))
            let response = try await browser.post(
                "/change", form: ["csrf_token": token], headers: ["host": "a.example", "origin": "https://b.example"])
            #expect(response.status == 403)
        }
    }

    @Test(arguments: [
        ("/devices?x=1", "/devices?x=1"), ("//evil.example", "/"), ("https://evil.example", "/"),
        ("/\\evil.example", "/"), ("/\tx", "/"), ("javascript:alert(1)", "/"), ("", "/"), ("/a b", "/"),
        ("/%2F/evil.example", "/%2F/evil.example"),
    ])
    func aRedirectStaysOnTheSite(next: String, location: String) async throws {
        try await serve { served in
            var browser = served.client
            let shown = try await browser.get("/public")
            let cookie = try #require(shown.header("set-cookie"))
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
            browser.headers.add(name: "cookie", value: String(cookie.prefix { $0 != ";" }))
            let response = try await browser.post(
                "/sign-in", form: ["csrf_token": try csrfToken(in: shown), "next": next])
            #expect(response.status == 303)
            #expect(response.header("location") == location)
        }
    }
}
