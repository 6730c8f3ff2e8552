import Foundation
import Identity
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

@Suite struct EntryPageTests {
    @Test func `the landing page leads to signing in, or to the dashboard`() async throws {
        let server = try await AuthServer.shared()
        let browser = Browser(client: server.client())
        let landing = try await browser.get("/")
        #expect(landing.status == 200)
        #expect(landing.header("content-type") == "text/html; charset=utf-8")
        #expect(landing.text.contains("href=\"/auth/login\""))
        #expect(!landing.text.contains("href=\"/dashboard\""))
        let ada = try await server.newcomer()
        let signedIn = try await browser.signedIn(ada)
        #expect(try await signedIn.get("/").text.contains("href=\"/dashboard\""))
    }

    @Test func `the form signs in and goes where one wanted to`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = Browser(client: ada.client)
        let form = try await browser.form("/auth/login?next=%2Fdevices%3Fpage%3D2")
        #expect(form.page.text.contains("name=\"csrf_token\""))
        let response = try await form.submit([
            "email": ada.email, "password": Newcomer.password, "next": "/devices?page=2",
        ])
        #expect(response.status == 303)
        #expect(response.header("location") == "/devices?page=2")
        let cookie = try #require(response.cookie("session_token"))
        #expect(cookie.contains("HttpOnly"))
        #expect(cookie.contains("SameSite=Lax"))
        #expect(cookie.contains("Path=/"))
        #expect(!cookie.contains("Secure"))
        #expect(!cookie.contains("Max-Age"))
        let me = try await ada.client.get("/api/v1/auth/me", headers: ["cookie": cookie.firstPair])
        #expect(me.status == 200)
    }

    @Test func `the way on stays within the site`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let form = try await Browser(client: ada.client).form("/auth/login?next=//evil.example")
        let response = try await form.submit([
            "email": ada.email, "password": Newcomer.password, "next": "//evil.example",
        ])
        #expect(response.header("location") == "/dashboard")
    }

    @Test func `behind TLS the cookie is secure, and remembered for 30 days if asked to`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        var client = ada.client
        client.headers.add(name: "x-forwarded-proto", value: "https")
        let form = try await Browser(client: client).form("/auth/login")
        let response = try await form.submit([
            "email": ada.email, "password": Newcomer.password, "remember_me": "true",
        ])
        let cookie = try #require(response.cookie("session_token"))
        #expect(cookie.contains("Secure"))
        #expect(cookie.contains("Max-Age=2592000"))
    }

    @Test func `wrong credentials show the form again with what was typed, but not the password`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let form = try await Browser(client: ada.client).form("/auth/login")
        let response = try await form.submit(["email": "<b>\(ada.email)", "password": "wrong horse battery"])
        #expect(response.status == 401)
        #expect(response.text.contains("role=\"alert\""))
        #expect(response.text.contains("&lt;b&gt;\(ada.email)"))
        #expect(!response.text.contains("wrong horse battery"))
        #expect(response.cookie("session_token") == nil)
    }

    @Test func `a form without its token, or from another site, is refused`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let browser = Browser(client: ada.client)
        let form = try await browser.form("/auth/login")
        let fields: KeyValuePairs = ["email": ada.email, "password": Newcomer.password]
        let without = try await ada.client.post("/auth/login", form: fields, headers: ["cookie": form.cookie])
        #expect(without.status == 403)
        let foreign = try await form.submit(
            ["email": ada.email, "password": Newcomer.password], headers: ["origin": "https://evil.example"])
        #expect(foreign.status == 403)
        let other = try await browser.form("/auth/login")
        let mixed = try await ada.client.post(
            "/auth/login", form: ["csrf_token": form.token, "email": ada.email, "password": Newcomer.password],
            headers: ["cookie": other.cookie])
        #expect(mixed.status == 403)
    }

    @Test func `the registration form makes an account and signs in`() async throws {
        let server = try await AuthServer.shared()
        let browser = Browser(client: server.client())
        let email = AuthServer.newAddress()
        let form = try await browser.form("/auth/register")
        let response = try await form.submit([
            "email": email, "password": "correct horse battery", "name": "Grace", "organization_name": "",
        ])
        #expect(response.status == 303)
        #expect(response.header("location") == "/dashboard")
        let cookie = try #require(response.cookie("session_token"))
        let me = try await browser.client.get("/api/v1/auth/me", headers: ["cookie": cookie.firstPair])
        #expect(me.json["organizations"][0]["name"] == "Grace’s laboratory")
    }

    @Test func `the registration form says what is wrong, by field`() async throws {
        let server = try await AuthServer.shared()
        let form = try await Browser(client: server.client()).form("/auth/register")
        let response = try await form.submit(["email": "grace", "password": "password1", "name": ""])
        #expect(response.status == 422)
        for id in ["email-error", "password-error", "name-error"] {
            #expect(response.text.contains("id=\"\(id)\""), "\(id)")
        }
    }

    @Test func `signing out ends the session and the cookie`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let form = try await browser.form("/")
        let response = try await form.submit(
            to: "/auth/logout", [:], headers: ["origin": "http://127.0.0.1:\(server.port)"])
        #expect(response.status == 303)
        #expect(response.header("location") == "/")
        #expect(response.cookie("session_token")?.contains("Max-Age=0") == true)
        let me = try await ada.client.get("/api/v1/auth/me", headers: ["cookie": browser.cookie])
        #expect(me.status == 401)
    }

    @Test func `with a cookie, what changes state must come from this site`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await Browser(client: ada.client).signedIn(ada)
        let body: JSONValue = ["name": "Eve"]
        for origin in [nil, "https://evil.example", "null"] as [String?] {
            var headers: HTTPHeaders = ["cookie": browser.cookie]
            if let origin { headers.add(name: "origin", value: origin) }
            #expect(try await ada.client.put("/api/v1/auth/me", body, headers: headers).status == 403)
        }
        let own = try await ada.client.put(
            "/api/v1/auth/me", ["name": "Ada K"],
            headers: ["cookie": browser.cookie, "origin": "http://127.0.0.1:\(server.port)"])
        #expect(own.status == 200)
    }

    @Test func `a cookie past half of its life is replaced`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let young = try await Browser(client: ada.client).signedIn(ada)
        #expect(try await young.get("/").cookie("session_token") == nil)
        let token = try await server.agedToken(of: ada, "browser")
        let old = Browser(client: ada.client, cookie: "session_token=" + token)
        let cookie = try #require(try await old.get("/").cookie("session_token"))
        let me = try await ada.client.get("/api/v1/auth/me", headers: ["cookie": cookie.firstPair])
        // The role is today's, not the old cookie's.
        #expect(me.json["role"] == "owner")
        #expect(me.cookie("session_token") == nil)
    }

    @Test func `who is signed in is sent on from the forms`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let browser = try await Browser(client: ada.client).signedIn(ada)
        for path in ["/auth/login?next=/devices", "/auth/register?next=/devices"] {
            let response = try await browser.get(path)
            #expect(response.status == 303)
            #expect(response.header("location") == "/devices")
        }
    }
}
