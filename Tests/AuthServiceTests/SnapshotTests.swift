import EventBus
import Foundation
import TestKit
import Testing

@testable import AuthService

/// What this service tells anew to those that may have missed it.
@Suite struct SnapshotTests {
    private func read(_ kind: String, of server: AuthServer, after cursor: String? = nil) async throws -> [Event] {
        let service = server.client().authorized(try await server.internalToken())
        var events: [Event] = []
        var query = cursor.map { "?after=\($0)" } ?? ""
        repeat {
            let response = try await service.get("/internal/v1/snapshot/\(kind)\(query)")
            #expect(response.status == 200)
            let page = try JSONDecoder().decode(SnapshotPage.self, from: Data(response.text.utf8))
            events += page.items
            query = page.next.map { "?after=\($0)" } ?? ""
        } while !query.isEmpty
        return events
    }

    @Test func `a snapshot has organizations, members, people and projects as they are`() async throws {
        let server = try await AuthServer.start(on: try await AuthServer.makeDatabase())
        let ada = try await server.newcomer()
        let bob = try await server.member(of: ada.organizationID, as: .member)
        _ = try await ada.api.put("/api/v1/organizations/\(ada.organizationID)", ["name": "Cold chain"])
        _ = try await bob.api.put("/api/v1/auth/me", ["name": "Bob"])
        let project = try await ada.api.post("/api/v1/projects", ["name": "Vaccines"])
        let id = try #require(project.json["id"].string)

        let organizations = try await read("organizations", of: server)
        #expect(organizations.count == 2 && organizations.map(\.subject) == organizations.map(\.subject).sorted())
        let organization = try #require(organizations.first { $0.subject == ada.organizationID })
        #expect(organization.type == "organization.updated")
        #expect(organization.organizationID?.text == ada.organizationID)
        #expect(try organization.decode(JSONValue.self)["name"] == "Cold chain")
        #expect(organization.subjectVersion == 2)

        let members = try await read("members", of: server)
        #expect(members.count == 3 && Set(members.map(\.type)) == ["member.added"])
        let member = try #require(members.first { $0.subject == "\(ada.organizationID)/\(bob.id)" })
        #expect(try member.decode(JSONValue.self)["role"] == "member")
        #expect(try member.decode(JSONValue.self)["name"] == "Bob")
        #expect(try member.decode(JSONValue.self)["user_version"].int == 2)
        let further = try await read("members", of: server, after: members[0].subject)
        #expect(further.map(\.subject) == members.dropFirst().map(\.subject))

        let users = try await read("users", of: server)
        #expect(users.map(\.subject) == [ada.id, bob.id].sorted())
        #expect(users.first { $0.subject == bob.id }?.subjectVersion == 2)

        let projects = try await read("projects", of: server)
        #expect(projects.map(\.subject) == [id] && projects.map(\.type) == ["project.updated"])
        #expect(try projects[0].decode(JSONValue.self) == project.json)
    }
}
