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

}
