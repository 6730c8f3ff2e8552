import Foundation
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct RelationshipTests {
    @Test func `entities are related, listed from either end, and parted`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let (freezer, room) = (try await ada.makeEntity("freezer", "F1"), try await ada.makeEntity("room", "R1"))
        let created = try await ada.relate(freezer, room, "located_in", ["since": 2024])
        #expect(created.status == 201)
        let id = try #require(created.json["id"].string)
        #expect(created.json["properties"] == ["since": 2024])
        #expect(
            try await server.lastAudit("relationship.created", of: ada.organizationID)["after"]["id"].string == id)
        for (entity, direction, expected) in [
            (freezer, "", [id]), (room, "", [id]), (freezer, "?direction=outgoing", [id]),
            (freezer, "?direction=incoming", []), (room, "?direction=incoming", [id]),
            (room, "?relationship_type=owns", []), (room, "?relationship_type=owns,located_in", [id]),
        ] {
            let items = try await ada.api.get("/api/v1/entities/\(entity)/relationships\(direction)").json["items"]
            #expect(items.array?.compactMap { $0["id"].string } == expected, "\(direction)")
        }
        #expect(try await ada.relate(freezer, room, "located_in").status == 409)
        #expect(try await ada.api.delete("/api/v1/relationships/\(id)").status == 204)
        #expect(
            try await server.lastAudit("relationship.deleted", of: ada.organizationID)["before"]["id"].string == id)
        #expect(try await ada.api.delete("/api/v1/relationships/\(id)").status == 404)
        #expect(try await ada.relate(freezer, room, "located_in").status == 201)
    }

    @Test func `what cannot be related is refused by its field`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let (room, foreign) = (try await ada.makeEntity("room", "R"), try await eve.makeEntity("room", "R"))
        for (source, target, type, field) in [
            (room, foreign, "next_to", "to_entity"), (foreign, room, "next_to", "from_entity"),
            (room, UUID().uuidString, "next_to", "to_entity"), (room, ada.id, "next_to", "to_entity"),
            (room, room, "next_to", "to_entity"), (room, ada.organizationID, "", "relationship_type"),
            (room, ada.organizationID, String(repeating: "x", count: 101), "relationship_type"),
            (room, "x", "next_to", "to_entity"),
        ] {
            let response = try await ada.relate(source, target, type)
            #expect(response.status == 422, "\(field): \(response)")
            #expect(response.json["errors"][0]["field"] == .string(field))
        }
        #expect(try await ada.relate(room, ada.organizationID, String(repeating: "x", count: 100)).status == 201)
        let foreignRelationship = try await eve.relate(foreign, eve.organizationID, "part_of").json["id"].string
        #expect(try await ada.api.delete("/api/v1/relationships/\(foreignRelationship ?? "")").status == 404)
    }

    @Test func `relationships go with their entities`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let (one, other) = (try await ada.makeEntity("room", "1"), try await ada.makeEntity("room", "2"))
        #expect(try await ada.relate(one, other, "next_to").status == 201)
        #expect(try await ada.api.delete("/api/v1/entities/\(one)").status == 204)
        #expect(try await ada.api.get("/api/v1/entities/\(other)/relationships").json["items"] == [])
    }

    @Test func `a graph goes so many steps in both directions and ends in cycles`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        var rooms: [String] = []
        for number in 0..<7 { rooms.append(try await ada.makeEntity("room", "\(number)")) }
        // 0 → 1 → 2 → 3 → 4 → 5 → 6, and 2 → 0 closes a cycle.
        for number in 0..<6 { _ = try await ada.relate(rooms[number], rooms[number + 1], "leads_to") }
        _ = try await ada.relate(rooms[2], rooms[0], "leads_to")
        func graph(_ start: Int, _ depth: Int) async throws -> JSONValue {
            try await ada.api.get("/api/v1/entities/\(rooms[start])/graph?depth=\(depth)").json
        }
        let near = try await graph(0, 1)
        #expect(near["entities"].array?.map { $0["name"].string } == ["0", "1", "2"])
        #expect(near["entities"].array?.map { $0["depth"].int } == [0, 1, 1])
        // Those among the entities shown, also where no step was taken over them.
        #expect(near["relationships"].array?.count == 3)
        #expect(try await graph(0, 5)["entities"].array?.map { $0["depth"].int } == [0, 1, 1, 2, 3, 4, 5])
        #expect(try await graph(6, 5)["entities"].array?.count == 7)
        #expect(try await graph(6, 2)["entities"].array?.map { $0["name"].string } == ["6", "5", "4"])
        for depth in [0, 6] {
            let path = "/api/v1/entities/\(rooms[0])/graph?depth=\(depth)"
            #expect(try await ada.api.get(path).status == 422)
        }
    }

    @Test func `a graph that is too broad is cut off and says so`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let hub = try await ada.makeEntity("hub", "Hub")
        _ = try await server.query(
            """
            WITH spokes AS (
                INSERT INTO core.entities (id, organization_id, entity_type, name)
                SELECT gen_random_uuid(), \(UUID(uuidString: ada.organizationID)), 'spoke', n::text
                FROM generate_series(1, 600) n RETURNING id, organization_id
            )
            INSERT INTO core.relationships (id, organization_id, from_entity, to_entity, relationship_type)
            SELECT gen_random_uuid(), organization_id, \(UUID(uuidString: hub)), id, 'has' FROM spokes
            """)
        let graph = try await ada.api.get("/api/v1/entities/\(hub)/graph?depth=5").json
        #expect(graph["entities"].array?.count == 500)
        #expect(graph["entities"][0]["name"] == "Hub")
        #expect(graph["relationships"].array?.count == 499)
        #expect(graph["is_truncated"] == true)
    }
}
