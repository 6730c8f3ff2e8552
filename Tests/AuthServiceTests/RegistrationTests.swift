import EventBus
import Foundation
import Kernel
import NIOHTTP1
import Postgres
import Redis
import ServiceKit
import TestKit
import Testing

@testable import AuthService

@Suite struct RegistrationTests {
    @Test func `registering answers tokens, the user and the organization`() async throws {
        let server = try await AuthServer.shared()
        let email = AuthServer.newAddress()
        let response = try await server.client().post(
            "/api/v1/auth/register",
            [
                "email": .string(email.uppercased()), "password": "correct horse battery", "name": " Ada ",
                "organization_name": "Analytical Engines",
            ])
        #expect(response.status == 201)
        #expect(response.header("cache-control") == "no-store")
        let answer = response.json
        #expect(answer["token_type"] == "bearer")
        #expect(answer["expires_in"] == 900)
        #expect(answer["refresh_token"].string?.hasPrefix("lms_ref_") == true)
        #expect(answer["user"]["email"].string == email)
        #expect(answer["user"]["name"] == "Ada")
        #expect(answer["user"]["role"] == "owner")
        #expect(answer["user"]["is_active"] == true)
        #expect(answer["user"]["is_superuser"] == false)
        #expect(answer["organization"]["name"] == "Analytical Engines")
        #expect(answer["organization"]["id"] == answer["user"]["organization_id"])
        #expect(answer["user"]["id"].string == answer["user"]["id"].string?.lowercased())
    }

    @Test func `the directory, the audit log and the password are stored with it`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (id, organization) = (UUID(uuidString: ada.id), UUID(uuidString: ada.organizationID))
        let entities = try await server.query(
            "SELECT entity_type, name FROM core.entities WHERE id IN (\(id), \(organization)) ORDER BY entity_type DESC"
        )
        let (types, names) = (try texts(entities, at: 0), try texts(entities, at: 1))
        #expect(types == ["user", "organization"])
        #expect(names == ["Ada", "Ada’s laboratory"])
        let audit = try await server.query(
            """
            SELECT event_type FROM core.events WHERE entity_id IN (\(id), \(organization)) ORDER BY event_type
            """)
        #expect(try texts(audit, at: 0) == ["member.added", "organization.created", "user.registered"])
        let hash = try await server.query("SELECT password_hash FROM auth.credentials WHERE user_id = \(id)")
        #expect(try hash.first?.decode(String.self, at: 0).hasPrefix("$2b$") == true)
    }

    @Test func `others are told`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let events = try await server.events(about: ada.organizationID, ada.id, count: 3)
        #expect(Set(events.map(\.type)) == ["organization.created", "user.registered", "member.added"])
        // One request was the cause of all of them.
        let traces = events.compactMap { $0.traceparent.flatMap(TraceContext.init)?.traceID }
        #expect(traces.count == 3 && Set(traces).count == 1)
        let added = try #require(events.first { $0.type == "member.added" })
        let data: JSONValue = try added.decode()
        #expect(data["organization_id"].string == ada.organizationID)
        #expect(data["user_id"].string == ada.id)
        #expect(data["role"] == "owner")
        #expect(data["email"].string == ada.email)
        #expect(data["is_email_verified"] == false)
        #expect(data["is_active"] == true)
        #expect(data["user_version"].int == 1)
        #expect(data["name"] == "Ada")
    }

    @Test func `an address registers once, in whatever case`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let again = try await ada.client.post(
            "/api/v1/auth/register",
            ["email": .string(ada.email.uppercased()), "password": "another password", "name": "Eve"])
        #expect(again.status == 409)
        #expect(again.header("content-type") == "application/problem+json")
    }

    @Test func `of two at once with one address one registers`() async throws {
        let server = try await AuthServer.shared()
        let email = JSONValue.string(AuthServer.newAddress())
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await server.client().post(
                        "/api/v1/auth/register",
                        ["email": email, "password": "correct horse battery", "name": "Ada"]
                    ).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [201, 409, 409, 409])
    }

    @Test func `everything that is wrong is told at once, by field`() async throws {
        let server = try await AuthServer.shared()
        let response = try await server.client().post(
            "/api/v1/auth/register", ["email": "ada", "password": "password1", "name": "\u{0}"])
        #expect(response.status == 422)
        #expect(response.json["errors"].array?.compactMap { $0["field"].string } == ["email", "password", "name"])
    }

    @Test func `what is no JSON is 400, what lacks a field or has a wrong type is 422`() async throws {
        let client = try await AuthServer.shared().client()
        let path = "/api/v1/auth/register"
        #expect(
            try await client.send(.POST, path, headers: ["content-type": "application/json"], body: Array("{".utf8))
                .status == 400)
        #expect(try await client.post(path, ["email": "ada@example.org"]).status == 422)
        #expect(try await client.post(path, ["email": 1, "password": "x", "name": "y"]).status == 422)
        let form = try await client.post(path, form: ["email": "ada@example.org"])
        #expect(form.status == 415)
    }

    @Test func `the same idempotency key answers the first answer again`() async throws {
        let server = try await AuthServer.shared()
        let client = server.client()
        let email = AuthServer.newAddress()
        let body = Array(
            #"{"email": "\#(email)", "password": "correct horse battery", "name": "Ada"}"#.utf8)
        let headers: HTTPHeaders = ["idempotency-key": UUID().uuidString, "content-type": "application/json"]
        let first = try await client.send(.POST, "/api/v1/auth/register", headers: headers, body: body)
        let second = try await client.send(.POST, "/api/v1/auth/register", headers: headers, body: body)
        #expect(first.status == 201)
        #expect(second.status == 201)
        #expect(second.json == first.json)
        // Tokens are not to be kept by caches, the first time as the second.
        #expect(first.header("cache-control") == "no-store" && second.header("cache-control") == "no-store")
        let other = try await client.post(
            "/api/v1/auth/register",
            ["email": .string(email), "password": "correct horse battery", "name": "Eve"], headers: headers)
        #expect(other.status == 422)
        // A stranger who hits upon the key registers nevertheless.
        let stranger = try await server.client().post(
            "/api/v1/auth/register",
            ["email": .string(AuthServer.newAddress()), "password": "correct horse battery", "name": "Eve"],
            headers: headers)
        #expect(stranger.status == 201)
    }

    @Test func `asking whether addresses are taken is limited, too`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let client = server.client()
        let body: JSONValue = ["email": .string(ada.email), "password": "correct horse battery", "name": "Eve"]
        for _ in 0..<10 {
            #expect(try await client.post("/api/v1/auth/register", body).status == 409)
        }
        try await expectRefusal(of: client.post("/api/v1/auth/register", body))
    }

    @Test func `an address of the network cannot register without end`() async throws {
        let server = try await AuthServer.shared()
        var client = server.client()
        let body: JSONValue = ["email": "a@example.org", "password": "correct horse battery", "name": "A"]
        let site = (0..<4).map { _ in String(Int.random(in: 0...0xFFFF), radix: 16) }.joined(separator: ":")
        for number in 0...10 {
            // Another address each time, of one site.
            client.headers.replaceOrAdd(name: "x-forwarded-for", value: "\(site)::\(String(number, radix: 16))")
            let response = try await client.post("/api/v1/auth/register", body)
            if number < 10 { #expect(response.status != 429) } else { expectRefusal(of: response) }
        }
    }

    @Test func `an installation says how many may register from one address`() async throws {
        let server = try await AuthServer.start(
            on: AuthServer.makeDatabase(), settings: ["LMS_REGISTRATIONS_PER_HOUR": "1"])
        let client = server.client()
        func register() async throws -> TestHTTPResponse {
            try await client.post(
                "/api/v1/auth/register",
                ["email": .string(AuthServer.newAddress()), "password": "correct horse battery", "name": "Ada"])
        }
        #expect(try await register().status == 201)
        try await expectRefusal(of: register())
    }

    /// The next registration of ten an hour fits after six minutes; of one, after an hour.
    private func expectRefusal(of response: TestHTTPResponse) {
        #expect(response.status == 429, "\(response)")
        let wait = response.header("retry-after").flatMap { Int($0) } ?? 0
        #expect((1...3600).contains(wait))
    }

    private func texts(_ rows: Rows, at column: Int) throws -> [String] {
        try rows.map { try $0.decode(String.self, at: column) }
    }
}
