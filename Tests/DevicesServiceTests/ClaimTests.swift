import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import DevicesService

@Suite struct ClaimTests {
    private static let path = "/api/v1/devices/claim"

    /// The code that a board shows.
    private func code(of device: TestDevice, for client: TestHTTPClient? = nil) async throws -> String {
        let response = try await (client ?? device.client).post("\(device.path)/claim-code")
        guard response.status == 201, let code = response.json["code"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return code
    }

    private func claim(_ code: String, _ client: TestHTTPClient, into project: UUID? = nil) async throws
        -> TestHTTPResponse
    {
        var body: [String: JSONValue] = ["code": .string(code)]
        if let project { body["project_id"] = .string(project.text) }
        return try await client.post(Self.path, .object(body))
    }

    private func member(
        of organization: TestOrganization, _ role: Role? = .member, grants: [ResourceGrant] = [], id: UUID = UUID()
    ) async throws -> TestHTTPClient {
        try await organization.server.service.user(role, of: organization.id, grants: grants, id: id)
    }

    @Test func `a member who types a board's code gets it into a project`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.fleet().device("SN-1")
        let (project, user) = (try await organization.project(), UUID())
        let issued = try await device.client.post("\(device.path)/claim-code")
        #expect(issued.status == 201)
        #expect(issued.header("cache-control") == "no-store")
        let end = try #require(issued.json["expires_at"].string.flatMap(Timestamp.init(rfc3339:)))
        #expect(abs(end.since(.now).components.seconds - 600) < 30)
        let code = try #require(issued.json["code"].string)
        let typed = code.lowercased().replacing("-", with: " ")
        let claimed = try await claim(typed, try await member(of: organization, id: user), into: project)
        #expect(claimed.status == 200)
        #expect(claimed.json["id"].string == device.id)
        #expect(claimed.json["project_id"].string == project.text)
        #expect(try await device.shown()["project_id"].string == project.text)
        let status = try await organization.admin.get("\(device.path)/provision-status").json
        #expect(status["claimed_by"].string == user.text)
        #expect(status["claimed_at"].string != nil)
        try await server.service.events(about: device.id, are: ["device.registered", "device.updated"])
        let id = try #require(UUID(uuidString: device.id))
        let audit = try await server.service.query(
            """
            SELECT data ->> 'claimed_by', data ->> 'project_id', actor ->> 'id' FROM core.events
            WHERE entity_id = \(id) AND event_type = 'device.claimed'
            """)
        #expect(
            try audit.first?.decode(String.self, String.self, String.self) ?? ("", "", "")
                == (user.text, project.text, user.text))
    }

    @Test func `a code is for one person, who may repeat the request`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let code = try await code(of: device)
        let (one, other) = (try await member(of: organization), try await member(of: organization))
        let first = try await claim(code, one)
        #expect(first.status == 200)
        #expect(try await claim(code, other).status == 404)
        let again = try await claim(code, one)
        #expect(again.status == 200)
        #expect(again.json == first.json)
    }

    @Test func `of many who type the same code at once one gets the device`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let code = try await code(of: try await organization.device())
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                let client = try await member(of: organization)
                group.addTask { try await claim(code, client).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [200] + Array(repeating: 404, count: 7))
    }

    @Test func `a new code takes the place of the old one, and an expired one is none`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let client = try await member(of: organization)
        let (old, new) = (try await code(of: device), try await code(of: device))
        #expect(try await claim(old, client).status == 404)
        let id = try #require(UUID(uuidString: device.id))
        try await server.service.query("UPDATE devices.claim_codes SET expires_at = now() WHERE device_id = \(id)")
        #expect(try await claim(new, client).status == 404)
    }

    @Test func `a claimed device gets no code for itself, but an admin hands it on`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        #expect(try await claim(code(of: device), try await member(of: organization)).status == 200)
        #expect(try await device.client.post("\(device.path)/claim-code").status == 409)
        let user = UUID()
        let handedOn = try await code(of: device, for: organization.admin)
        #expect(try await claim(handedOn, try await member(of: organization, id: user)).status == 200)
        let status = try await organization.admin.get("\(device.path)/provision-status").json
        #expect(status["claimed_by"].string == user.text)
    }

    @Test func `a code is for the device itself and its admins`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let (device, other) = (try await organization.device(), try await organization.device())
        let path = "\(device.path)/claim-code"
        #expect(try await other.client.post(path).status == 404)
        #expect(try await member(of: organization).post(path).status == 403)
        #expect(try await server.organization().admin.post(path).status == 404)
        let id = try #require(UUID(uuidString: device.id))
        let grant = ResourceGrant(resource: .device(id), role: .admin)
        let guest = try await member(of: organization, nil, grants: [grant])
        #expect(try await guest.post(path).status == 201)
        #expect(try await guest.post("\(other.path)/claim-code").status == 404)
    }

    @Test func `a grant on a project is enough to claim into it`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let (project, other) = (try await organization.project(), try await organization.project())
        let guest = try await member(
            of: organization, nil, grants: [ResourceGrant(resource: .project(project), role: .member)])
        let code = try await code(of: device)
        #expect(try await claim(code, guest).status == 403)
        #expect(try await claim(code, guest, into: other).status == 422)
        #expect(try await claim(code, guest, into: project).status == 200)
        #expect(try await guest.get(device.path).status == 200)
        let onlooker = try await member(
            of: organization, .viewer, grants: [ResourceGrant(resource: .device(.v7()), role: .member)])
        #expect(try await claim(code, onlooker, into: project).status == 403)
    }

    @Test func `another organization's code and project do not exist`() async throws {
        let server = try await DevicesServer.shared()
        let (organization, other) = (try await server.organization(), try await server.organization())
        let device = try await organization.device()
        let code = try await code(of: device)
        #expect(try await claim(code, other.admin).status == 404)
        let refused = try await claim(code, organization.admin, into: try await other.project())
        #expect(refused.status == 422)
        #expect(refused.json["errors"][0]["field"] == "project_id")
        #expect(try await claim(code, organization.admin).status == 200)
    }

    @Test(
        arguments: [
            ([:], "code"), (["code": ""], "code"), (["code": "1234567"], "code"), (["code": "1234-567U"], "code"),
            (["code": 12_345_678], "code"), (["code": "1234-5678", "project_id": "x"], "project_id"),
        ] as [(JSONValue, String)])
    func `what is wrong with a claim is said by field`(body: JSONValue, field: String) async throws {
        let organization = try await DevicesServer.shared().organization()
        let response = try await organization.admin.post(Self.path, body)
        #expect(response.status == 422)
        #expect(response.json["errors"].array?.compactMap(\.["field"].string) == [field])
    }

    @Test func `ten wrong codes are answered, the eleventh waits, and others are not held up`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        let right = try await code(of: device)
        let user = UUID()
        let client = try await member(of: organization, id: user)
        #expect(try await claim(right, client).status == 200)
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<14 { group.addTask { try await claim(ClaimCode().text, client).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(wrong.sorted() == Array(repeating: 404, count: 10) + Array(repeating: 429, count: 4))
        let waiting = try await claim(right, client)
        #expect(waiting.status == 429)
        #expect((1...600).contains(Int(waiting.header("retry-after") ?? "") ?? 0))
        #expect(try await claim(ClaimCode().text, try await member(of: organization)).status == 404)
        try await server.service.query(
            """
            UPDATE devices.claim_guesses SET since = now() - interval '10 minutes'
            WHERE organization_id = \(organization.id) AND user_id = \(user)
            """)
        #expect(try await claim(right, client).status == 200)
    }
}
