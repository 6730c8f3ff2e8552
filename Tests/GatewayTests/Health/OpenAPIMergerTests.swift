import Foundation
import Testing

@testable import Gateway

@Suite("The merged OpenAPI document")
struct OpenAPIMergerTests {
    private let auth = """
        openapi: 3.1.0
        info: {title: auth, version: "1"}
        tags: [{name: users, description: People}]
        paths:
          /api/v1/users/{id}:
            get: {tags: [users], responses: {"200": {$ref: "#/components/responses/Found"}}}
          /internal/x:
            get: {}
        components:
          schemas:
            Thing: {type: string}
            Shared: {type: integer, maximum: 10, example: 1.5, nullable: true, default: null}
          responses:
            Found: {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
        """
    private let devices = """
        openapi: 3.1.0
        info: {title: devices, version: "1"}
        paths:
          /api/v1/users/{id}:
            put: {responses: {"200": {$ref: "#/components/schemas/Thing"}}}
          /api/v1/devices:
            get: {responses: {}}
        components:
          schemas:
            Thing: {type: object, properties: {self: {$ref: "#/components/schemas/Shared"}}}
            Shared: {type: integer, maximum: 10, example: 1.5, nullable: true, default: null}
        """

    private func merged() throws -> [String: Any] {
        var merger = OpenAPIMerger()
        try merger.add(service: "auth", yaml: auth)
        try merger.add(service: "devices", yaml: devices)
        let text = merger.json(version: "1.0", unavailable: ["alerts"])
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("Paths and operations of all services are there, private ones are not")
    func paths() throws {
        let paths = try #require(try merged()["paths"] as? [String: [String: Any]])
        #expect(Set(paths.keys) == ["/api/v1/users/{id}", "/api/v1/devices"])
        #expect(Set(try #require(paths["/api/v1/users/{id}"]).keys) == ["get", "put"])
        let list = paths["/api/v1/devices"]?["get"] as? [String: Any]
        #expect(list?["tags"] as? [String] == ["devices"])
    }

    @Test("A schema name that means two things becomes two names, one that means the same stays one")
    func conflicts() throws {
        let document = try merged()
        let schemas = try #require((document["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]])
        #expect(Set(schemas.keys) == ["Thing", "Shared", "DevicesThing"])
        #expect(schemas["Thing"]?["type"] as? String == "string")
        let paths = document["paths"] as? [String: [String: [String: Any]]]
        let responses = paths?["/api/v1/users/{id}"]?["put"]?["responses"] as? [String: [String: String]]
        #expect(responses?["200"]?["$ref"] == "#/components/schemas/DevicesThing")
    }

    @Test("Scalars keep their types, and what is missing is named")
    func scalars() throws {
        let document = try merged()
        #expect(document["openapi"] as? String == "3.1.0")
        #expect((document["info"] as? [String: Any])?["version"] as? String == "1.0")
        #expect(document["x-unavailable"] as? [String] == ["alerts"])
        let schemas = (document["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]]
        let shared = try #require(schemas?["Shared"])
        #expect(shared["maximum"] as? Int == 10)
        #expect(shared["example"] as? Double == 1.5)
        #expect(shared["nullable"] as? Bool == true)
        #expect(shared["default"] is NSNull)
    }

    @Test("What is no document is refused", arguments: ["", "a: b", "- a", "<html>"])
    func notADocument(yaml: String) {
        var merger = OpenAPIMerger()
        #expect(throws: OpenAPIError.notADocument(service: "auth")) { try merger.add(service: "auth", yaml: yaml) }
    }
}
