import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct DirectoryTests {
    @Test func `an entity of one's own type is made, read, changed and deleted`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let created = try await ada.api.post(
            "/api/v1/entities",
            ["entity_type": "room.cold", "name": " Cold room ", "properties": ["location": "Lab A", "floor": 2]])
        #expect(created.status == 201)
        let room = created.json
        let path = "/api/v1/entities/\(try #require(room["id"].string))"
        #expect(created.header("location") == path)
        #expect(room["name"] == "Cold room")
        #expect(room["properties"] == ["location": "Lab A", "floor": 2])
        #expect(room["version"] == 1)

        let changed = try await ada.api.put(
            path, ["entity_type": "room", "name": "Warm room"], headers: ["if-match": "\"1\""])
        #expect(changed.status == 200)
        #expect(changed.json["entity_type"] == "room")
        #expect(changed.json["properties"] == [:])
        #expect(changed.json["version"] == 2)
        #expect(
            try await ada.api.put(path, ["entity_type": "room", "name": "x"], headers: ["if-match": "\"1\""])
                .status == 412)

        #expect(try await ada.api.delete(path, headers: ["if-match": "\"1\""]).status == 412)
        #expect(try await ada.api.delete(path).status == 204)
        #expect(try await ada.api.get(path).status == 404)
        #expect(try await ada.api.delete(path).status == 404)
    }

    @Test func `creating with the same idempotency key makes one entity`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let body: JSONValue = ["entity_type": "room", "name": "Once"]
        let first = try await ada.api.post("/api/v1/entities", body, headers: ["idempotency-key": "one"])
        let second = try await ada.api.post("/api/v1/entities", body, headers: ["idempotency-key": "one"])
        #expect(first.json["id"] == second.json["id"])
        #expect(try await ada.names("?entity_type=room") == ["Once"])
    }

    @Test func `entities are found by type, part of the name, and properties`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        try await ada.makeEntity("room", "Lab A", ["location": "North", "floor": 2, "clean": true])
        try await ada.makeEntity("room", "Lab B", ["location": "North", "floor": "2", "address": ["city": "Bonn"]])
        try await ada.makeEntity("equipment.freezer", "Freezer 100%", ["location": "South"])

        #expect(try await ada.names("?entity_type=room") == ["Lab B", "Lab A"])
        #expect(try await ada.names("?entity_type=room&order=asc") == ["Lab A", "Lab B"])
        #expect(try await ada.names("?entity_type=room,equipment.freezer").count == 3)
        #expect(try await ada.names("?q=lab%20b") == ["Lab B"])
        #expect(try await ada.names("?q=100%25") == ["Freezer 100%"])
        #expect(try await ada.names("?q=_") == [])
        #expect(try await ada.names("?properties.location=North&entity_type=room") == ["Lab B", "Lab A"])
        // A query does not tell a number from a text.
        #expect(try await ada.names("?properties.floor=2") == ["Lab B", "Lab A"])
        #expect(try await ada.names("?properties.floor=2&order=asc") == ["Lab A", "Lab B"])
        #expect(try await ada.names("?properties.floor=2&limit=1") == ["Lab B"])
        #expect(try await ada.names("?properties.floor=%222%22") == ["Lab B"])
        #expect(try await ada.names("?properties.clean=true") == ["Lab A"])
        #expect(try await ada.names("?properties.address.city=Bonn") == ["Lab B"])
        #expect(try await ada.names("?properties.location=North&properties.floor=2") == ["Lab B", "Lab A"])
        try await ada.makeEntity("agent", "Bond", ["code": "007"])
        try await ada.makeEntity("agent", "Seventh", ["code": 7])
        #expect(try await ada.names("?properties.code=007") == ["Bond"])
        #expect(try await ada.names("?properties.code=7") == ["Seventh"])
        #expect(try await ada.names("?entity_type=organization") == ["Ada’s laboratory"])

        for query in [
            "?properties.=1", "?properties.a..b=1", "?properties.a=1&properties.a=2", "?limit=0", "?cursor=x",
        ] {
            #expect(try await ada.api.get("/api/v1/entities" + query).status == 422, "\(query)")
        }
    }

    @Test func `what is found as number and as text comes in pages, too`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for number in 1...5 {
            try await ada.makeEntity("shelf", "\(number)", ["row": number.isMultiple(of: 2) ? "4" : 4])
        }
        var names: [String] = []
        var next = "/api/v1/entities?properties.row=4&limit=2"
        for _ in 1...3 {
            let page = try await ada.api.get(next).json
            names += page["items"].array?.compactMap { $0["name"].string } ?? []
            guard let cursor = page["next_cursor"].string else { break }
            next = "/api/v1/entities?properties.row=4&limit=2&cursor=\(cursor)"
        }
        #expect(names == ["5", "4", "3", "2", "1"])
    }

    @Test func `a list comes in pages`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for number in 1...5 { try await ada.makeEntity("room", "Room \(number)") }
        var names: [String] = []
        var next = "/api/v1/entities?entity_type=room&limit=2"
        for _ in 1...3 {
            let page = try await ada.api.get(next).json
            names += page["items"].array?.compactMap { $0["name"].string } ?? []
            guard let cursor = page["next_cursor"].string else { break }
            next = "/api/v1/entities?entity_type=room&limit=2&cursor=\(cursor)"
        }
        #expect(names == ["Room 5", "Room 4", "Room 3", "Room 2", "Room 1"])
    }

    @Test(
        arguments: [
            (["entity_type": "user", "name": "x"], "entity_type"),
            (["entity_type": "organization", "name": "x"], "entity_type"),
            (["entity_type": "project", "name": "x"], "entity_type"),
            (["entity_type": "device.esp32", "name": "x"], "entity_type"),
            (["entity_type": "Room", "name": "x"], "entity_type"),
            (["entity_type": "room", "name": "  "], "name"),
            (["entity_type": "room", "name": .string(String(repeating: "x", count: 201))], "name"),
            (
                ["entity_type": "room", "name": "x", "description": .string(String(repeating: "x", count: 2001))],
                "description"
            ),
            (
                [
                    "entity_type": "room", "name": "x",
                    "properties": ["a": .string(String(repeating: "x", count: 16 << 10))],
                ],
                "properties"
            ),
            (["entity_type": "room", "name": "x", "properties": ["a": "\u{0}"]], "properties"),
            (["entity_type": "room", "name": "x", "properties": []], "properties"),
            (["entity_type": "room"], "name"),
        ] as [(JSONValue, String)])
    func `what is wrong is named and stored nowhere`(body: JSONValue, field: String) async throws {
        let ada = try await AuthServer.shared().newcomer()
        let response = try await ada.api.post("/api/v1/entities", body)
        #expect(response.status == 422)
        #expect(response.json["errors"][0]["field"] == .string(field))
        #expect(try await ada.names("?entity_type=room") == [])
    }

    @Test func `limits are the last that is taken`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let name = String(repeating: "x", count: 200)
        try await ada.makeEntity("room", name, ["a": .string(String(repeating: "x", count: (16 << 10) - 16))])
        #expect(try await ada.names("?entity_type=room") == [name])
    }

    @Test func `what others own is read here and changed elsewhere`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = "/api/v1/entities/\(ada.organizationID)"
        #expect(try await ada.api.get(path).json["entity_type"] == "organization")
        #expect(try await ada.api.put(path, ["entity_type": "room", "name": "x"]).status == 403)
        #expect(try await ada.api.delete(path).status == 403)
        #expect(try await ada.api.get(path).json["name"] == "Ada’s laboratory")
    }

    @Test func `another organization's entities do not exist`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let room = try await ada.makeEntity("room", "Secret room", ["location": "North"])
        let path = "/api/v1/entities/\(room)"
        #expect(try await eve.names("?entity_type=room") == [])
        #expect(try await eve.names("?properties.location=North") == [])
        for path in [path, path + "/relationships", path + "/graph"] {
            #expect(try await eve.api.get(path).status == 404, "\(path)")
        }
        #expect(try await eve.api.get(path + "/events").json["items"] == [])
        #expect(try await eve.api.put(path, ["entity_type": "room", "name": "x"]).status == 404)
        #expect(try await eve.api.delete(path).status == 404)
        #expect(try await ada.api.get(path).json["name"] == "Secret room")
    }
}
