import Foundation
import NIOHTTP1
import TestKit

/// The merged OpenAPI document of the gateway, as far as a test needs it to call every route.
struct APIDocument {
    /// One method of one path.
    struct Operation: CustomStringConvertible {
        let method: HTTPMethod
        let path: String
        /// The names of the parameters in the query.
        let query: [String]
        /// The schema of a JSON body; null when it takes none.
        let body: JSONValue

        var description: String { "\(method.rawValue) \(path)" }
        /// How many places in the path stand in braces.
        var placeCount: Int { path.split(separator: "/").count { $0.hasPrefix("{") } }

        /// The path with these in its places, in order.
        func path(with values: [String]) -> String {
            var values = values[...]
            return path.split(separator: "/", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("{") ? values.popFirst() ?? "" : String($0) }.joined(separator: "/")
        }
    }

    private let document: JSONValue

    init(_ document: JSONValue) {
        self.document = document
    }

    var operations: [Operation] {
        (document["paths"].object ?? [:]).sorted { $0.key < $1.key }.flatMap { path, item in
            ["get", "post", "put", "patch", "delete"].filter { !item[$0].isNull }.map { method in
                let operation = item[method]
                let parameters = (operation["parameters"].array ?? []) + (item["parameters"].array ?? [])
                return Operation(
                    method: HTTPMethod(rawValue: method.uppercased()), path: path,
                    query: parameters.map(resolved).filter { $0["in"] == "query" }.compactMap { $0["name"].string },
                    body: operation["requestBody"]["content"]["application/json"]["schema"])
            }
        }
    }

    /// A value that the schema allows, more or less, with `id` wherever one is to be named.
    func sample(of schema: JSONValue, naming id: String, depth: Int = 0) -> JSONValue {
        let schema = resolved(schema)
        guard depth < 8 else { return .null }
        if !schema["const"].isNull { return schema["const"] }
        if let first = schema["enum"].array?.first { return first }
        if let parts = schema["allOf"].array {
            let objects = parts.compactMap { sample(of: $0, naming: id, depth: depth + 1).object }
            return .object(objects.reduce(into: [:]) { $0.merge($1) { $1 } })
        }
        for choice in ["oneOf", "anyOf"] {
            if let first = schema[choice].array?.first { return sample(of: first, naming: id, depth: depth + 1) }
        }
        switch schema["type"].string ?? schema["type"][0].string ?? (schema["properties"].isNull ? "" : "object") {
        case "object":
            return .object(
                (schema["properties"].object ?? [:]).mapValues { sample(of: $0, naming: id, depth: depth + 1) })
        case "array": return .array([sample(of: schema["items"], naming: id, depth: depth + 1)])
        case "string": return text(schema, naming: id)
        case "integer", "number":
            return schema["default"].isNull ? .number(schema["minimum"].double ?? 1) : schema["default"]
        case "boolean": return true
        default: return .null
        }
    }

    private func text(_ schema: JSONValue, naming id: String) -> JSONValue {
        switch schema["format"].string {
        case "uuid": return .string(id)
        case "date-time": return "2090-01-01T00:00:00Z"
        case "email": return .string("user-\(UUID().uuidString.lowercased())@example.org")
        case "uri", "url": return "https://example.org/hook"
        default: return schema["examples"].array?.first ?? .string("sample \(UUID().uuidString.prefix(8))")
        }
    }

    /// What a reference stands for.
    private func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"].string else { return value }
        let parts = reference.split(separator: "/").dropFirst()
        return resolved(parts.reduce(document) { $0[String($1)] })
    }
}

extension SystemInstallation {
    /// The document, once it has the routes of every service.
    func document() async throws -> APIDocument {
        let services = [
            "/api/v1/auth/login", "/api/v1/devices", "/api/v1/readings", "/api/v1/alerts", "/api/v1/billing/usage",
            "/api/v1/dashboard",
        ]
        return try await eventually(within: .seconds(60)) {
            let json = try await client.get("/api/v1/openapi.json").json
            return services.allSatisfy { json["paths"][$0] != .null } ? APIDocument(json) : nil
        }
    }
}
