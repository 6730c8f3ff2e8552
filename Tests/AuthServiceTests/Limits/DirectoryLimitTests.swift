import Foundation
import Kernel
import TestKit
import Testing

@testable import AuthService

/// What fits into the directory, and what is one too much.
@Suite struct DirectoryLimitTests {
    /// An object of so many bytes as JSON: 11 of them are around the text.
    private static func properties(of size: Int) -> JSONValue {
        ["note": .string(String(repeating: "x", count: size - 11))]
    }

    private static let entities: [(field: String, value: JSONValue, status: Int)] = [
        ("entity_type", .string(String(repeating: "r", count: 100)), 201),
        ("entity_type", .string(String(repeating: "r", count: 101)), 422),
        ("name", .string(String(repeating: "ö", count: 200)), 201),
        ("name", .string(String(repeating: "ö", count: 201)), 422),
        ("description", .string(String(repeating: "ö", count: 2000)), 201),
        ("description", .string(String(repeating: "ö", count: 2001)), 422),
        ("properties", properties(of: 16_383), 201),
        ("properties", properties(of: 16_384), 201),
        ("properties", properties(of: 16_385), 422),
    ]

    @Test(arguments: entities)
    func `an entity is as large as it may be, and no larger`(field: String, value: JSONValue, status: Int) async throws
    {
        let ada = try await AuthServer.shared().newcomer()
        var body: [String: JSONValue] = ["entity_type": "room", "name": "R 1"]
        body[field] = value
        let response = try await ada.api.post("/api/v1/entities", .object(body))
        #expect(response.status == status, "\(response)")
        if status == 201 {
            let id = response.json["id"].string ?? ""
            #expect(try await ada.api.get("/api/v1/entities/\(id)").json[field] == value)
        } else {
            #expect(response.json["errors"][0]["field"].string == field)
            #expect(try await ada.api.get("/api/v1/entities?entity_type=room").json["items"] == [])
        }
    }

    @Test(arguments: [
        ("properties", properties(of: 16_383), 201), ("properties", properties(of: 16_384), 201),
        ("properties", properties(of: 16_385), 422),
        ("relationship_type", .string(String(repeating: "r", count: 100)), 201),
        ("relationship_type", .string(String(repeating: "r", count: 101)), 422),
    ])
    func `a relationship is as large as it may be, and no larger`(
        field: String, value: JSONValue, status: Int
    ) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let (source, target) = (try await ada.makeEntity("room", "R 1"), try await ada.makeEntity("building", "B"))
        var body: [String: JSONValue] = [
            "from_entity": .string(source), "to_entity": .string(target), "relationship_type": "located_in",
        ]
        body[field] = value
        let response = try await ada.api.post("/api/v1/relationships", .object(body))
        #expect(response.status == status, "\(response)")
        if status == 422 { #expect(response.json["errors"][0]["field"].string == field) }
        let listed = try await ada.api.get("/api/v1/entities/\(source)/relationships").json["items"].array
        #expect(listed?.map { $0[field] } == (status == 201 ? [value] : []))
    }

    @Test(arguments: [(16_383, true), (16_384, true), (16_385, false)])
    func `a project has properties as large as they may be, and no larger`(size: Int, isTaken: Bool) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let properties = Self.properties(of: size)
        let made = try await ada.api.post("/api/v1/projects", ["name": "P 1", "properties": properties])
        #expect(made.status == (isTaken ? 201 : 422), "\(made)")
        let plain = try await ada.api.post("/api/v1/projects", ["name": "P 2"])
        let path = try #require(plain.header("location"))
        let changed = try await ada.api.put(path, ["name": "P 2", "properties": properties])
        #expect(changed.status == (isTaken ? 200 : 422), "\(changed)")
        for refused in [made, changed] where !isTaken {
            #expect(refused.json["errors"][0]["field"] == "properties")
        }
        let kept = try await ada.api.get("/api/v1/projects").json["items"].array?.map { $0["properties"] }
        #expect(kept == (isTaken ? [properties, properties] : [[:]]))
    }

    // MARK: Graphs

    /// What is shown around an entity that has so many others, each by so many relationships, `total` in all.
    private func graph(others: Int, relationshipsEach: Int, total: Int) async throws -> JSONValue {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let hub = try await ada.makeEntity("hub", "Hub")
        _ = try await server.query(
            """
            WITH spokes AS (
                INSERT INTO core.entities (id, organization_id, entity_type, name)
                SELECT gen_random_uuid(), \(UUID(uuidString: ada.organizationID)), 'spoke', n::text
                FROM generate_series(1, \(others)) n RETURNING id, organization_id
            )
            INSERT INTO core.relationships (id, organization_id, from_entity, to_entity, relationship_type)
            SELECT gen_random_uuid(), organization_id, \(UUID(uuidString: hub)), id, 'has-' || n
            FROM spokes CROSS JOIN generate_series(1, \(relationshipsEach)) n LIMIT \(total)
            """)
        return try await ada.api.get("/api/v1/entities/\(hub)/graph?depth=1").json
    }

    @Test(arguments: [(499, false), (500, true)])
    func `a graph shows 500 entities and no more`(others: Int, isTruncated: Bool) async throws {
        let graph = try await graph(others: others, relationshipsEach: 1, total: others)
        #expect(graph["entities"].array?.count == 500)
        #expect(graph["relationships"].array?.count == 499)
        #expect(graph["is_truncated"] == .bool(isTruncated))
    }

    @Test(arguments: [(2000, false), (2001, true)])
    func `a graph shows 2000 relationships and no more`(total: Int, isTruncated: Bool) async throws {
        let graph = try await graph(others: 101, relationshipsEach: 20, total: total)
        #expect(graph["relationships"].array?.count == 2000)
        #expect(graph["is_truncated"] == .bool(isTruncated))
    }
}
