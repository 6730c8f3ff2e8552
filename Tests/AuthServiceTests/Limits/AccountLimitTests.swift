import Foundation
import TestKit
import Testing

@testable import AuthService

/// What fits into an account, and what is one too much.
@Suite struct AccountLimitTests {
    private static let registrations: [(field: String, value: String, status: Int)] = [
        ("name", String(repeating: "ö", count: 200), 201), ("name", String(repeating: "ö", count: 201), 422),
        ("organization_name", String(repeating: "ö", count: 200), 201),
        ("organization_name", String(repeating: "ö", count: 201), 422),
        // Passwords are measured in bytes, as bcrypt reads them.
        ("password", "7 bytes", 422), ("password", "8 bytes.", 201), ("password", "äöü.", 422),
        ("password", "äöüß", 201),
        ("password", String(repeating: "ä", count: 36), 201),
        ("password", String(repeating: "ä", count: 36) + "b", 422),
        ("password", String(repeating: "b", count: 71) + "c", 201),
        ("password", String(repeating: "b", count: 72) + "c", 422),
    ]

    @Test(arguments: registrations)
    func `a registration takes what fits, and names what does not`(
        field: String, value: String, status: Int
    ) async throws {
        let client = try await AuthServer.shared().client()
        let email = AuthServer.newAddress()
        var body: [String: JSONValue] = [
            "email": .string(email), "password": .string(Newcomer.password), "name": "Ada",
        ]
        body[field] = .string(value)
        let response = try await client.post("/api/v1/auth/register", .object(body))
        #expect(response.status == status, "\(response)")
        if status == 422 { #expect(response.json["errors"][0]["field"].string == field) }
        let password = field == "password" ? value : Newcomer.password
        let login = try await client.post(
            "/api/v1/auth/login", ["email": .string(email), "password": .string(password)])
        #expect(login.status == (status == 201 ? 200 : 401))
    }

    @Test func `every byte of the longest password counts`() async throws {
        let client = try await AuthServer.shared().client()
        let (email, start) = (AuthServer.newAddress(), String(repeating: "b", count: 71))
        func send(_ path: String, _ password: String) async throws -> Int {
            try await client.post(
                "/api/v1/auth/\(path)", ["email": .string(email), "password": .string(password), "name": "Ada"]
            ).status
        }
        #expect(try await send("register", start + "c") == 201)
        #expect(try await send("login", start + "d") == 401)
        #expect(try await send("login", start + "cd") == 401)
        #expect(try await send("login", start + "c") == 200)
    }

    @Test(arguments: [(2048, true), (2049, false)])
    func `a path to come back to is as long as it may be`(length: Int, isTaken: Bool) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = "/" + String(repeating: "a", count: length - 1)
        let response = try await Browser(client: ada.client).form("/auth/login").submit([
            "email": ada.email, "password": Newcomer.password, "next": path,
        ])
        #expect(response.status == 303)
        #expect(response.header("location") == (isTaken ? path : "/dashboard"))
    }

    @Test(arguments: [255, 256, 257, 1000])
    func `of a long user agent the beginning is kept`(length: Int) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let agent = String((0..<length).map { Character("\($0 % 10)") })
        let opened = try await ada.client.post(
            "/api/v1/auth/login", ["email": .string(ada.email), "password": .string(Newcomer.password)],
            headers: ["user-agent": agent])
        let token = try #require(opened.json["access_token"].string)
        let sessions = try await ada.client.authorized(token).get("/api/v1/auth/sessions").json["items"].array
        #expect(sessions?.contains { $0["user_agent"].string == String(agent.prefix(256)) } == true)
    }
}
