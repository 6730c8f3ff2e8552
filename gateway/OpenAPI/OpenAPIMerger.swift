import HTTPWire
import Yams

/// Makes one OpenAPI document of those of all services (OpenAPI 3.1).
struct OpenAPIMerger {
    /// Sections of `components` whose members are referred to by `$ref`.
    private static let sections = [
        "schemas", "responses", "parameters", "examples", "requestBodies", "headers", "links", "callbacks", "pathItems",
    ]

    private var paths = Node.Mapping([])
    private var components: [String: Node.Mapping] = [:]
    private var tags: [Node] = []

    /// Adds the document of a service, given as YAML; its private paths are left out.
    ///
    /// - Throws: `YamlError`, or `OpenAPIError` for something that is no OpenAPI document.
    mutating func add(service: String, yaml: String) throws {
        guard let parsed = try Yams.compose(yaml: yaml), let root = parsed.mapping, root["paths"] != nil else {
            throw OpenAPIError.notADocument(service: service)
        }
        let renamed = rename(in: root["components"]?.mapping ?? Node.Mapping([]), for: service)
        let document = renamed.isEmpty ? parsed : Self.replaceReferences(in: parsed, renamed)
        mergeComponents(document["components"]?.mapping ?? Node.Mapping([]), renamed)
        mergePaths(document["paths"]?.mapping ?? Node.Mapping([]), service: service)
        for tag in document["tags"]?.sequence ?? Node.Sequence([]) {
            if !tags.contains(where: { $0["name"]?.string == tag["name"]?.string }) { tags.append(tag) }
        }
    }

    /// The merged document as JSON.
    ///
    /// - Parameter unavailable: the services whose documents could not be had.
    func json(version: String, unavailable: [String]) -> String {
        let members = components.sorted { $0.key < $1.key }.map { (Node($0.key), Node.mapping($0.value)) }
        let info = Node.Mapping([("title", "LMS Core"), ("version", Node(version, Tag(.str)))])
        let server = Node.mapping(Node.Mapping([("url", "/")]))
        let document = Node.mapping(
            Node.Mapping([
                ("openapi", Node("3.1.0", Tag(.str))),
                ("info", .mapping(info)),
                ("servers", .sequence(Node.Sequence([server]))),
                ("tags", .sequence(Node.Sequence(tags))),
                ("paths", .mapping(paths)),
                ("components", .mapping(Node.Mapping(members))),
                ("x-unavailable", .sequence(Node.Sequence(unavailable.map { Node($0, Tag(.str)) }))),
            ]))
        var text = ""
        JSONRendering.append(document, to: &text)
        return text
    }

    // MARK: Components

    /// The components whose names another service has taken for something else, with their new names.
    private func rename(in components: Node.Mapping, for service: String) -> [String: String] {
        var renamed: [String: String] = [:]
        for section in Self.sections {
            for (name, component) in components[section]?.mapping ?? Node.Mapping([]) {
                guard let name = name.string, let taken = self.components[section]?[name], taken != component else {
                    continue
                }
                let reference = "#/components/\(section)/"
                renamed[reference + name] = reference + service.prefix(1).uppercased() + service.dropFirst() + name
            }
        }
        return renamed
    }

    private mutating func mergeComponents(_ others: Node.Mapping, _ renamed: [String: String]) {
        for (section, members) in others {
            guard let section = section.string, let members = members.mapping else { continue }
            var merged = components[section] ?? Node.Mapping([])
            for (name, component) in members {
                let reference = "#/components/\(section)/\(name.string ?? "")"
                let key = renamed[reference]?.split(separator: "/").last.map { Node(String($0)) } ?? name
                if merged[key] == nil { merged[key] = component }
            }
            components[section] = merged
        }
    }

    private static func replaceReferences(in node: Node, _ renamed: [String: String]) -> Node {
        switch node {
        case .mapping(let mapping):
            return Node(
                mapping.map { key, value in
                    if key.string == "$ref", let new = value.string.flatMap({ renamed[$0] }) { return (key, Node(new)) }
                    return (key, replaceReferences(in: value, renamed))
                })
        case .sequence(let sequence):
            return Node(sequence.map { replaceReferences(in: $0, renamed) })
        case .scalar, .alias:
            return node
        }
    }

    // MARK: Paths

    private mutating func mergePaths(_ others: Node.Mapping, service: String) {
        for (path, item) in others {
            guard let text = path.string, Self.isPublic(text), var item = item.mapping else { continue }
            for (method, operation) in item {
                guard var members = operation.mapping, HTTPMethod(name: (method.string ?? "").uppercased()) != nil,
                    members["tags"] == nil
                else { continue }
                members["tags"] = .sequence(Node.Sequence([Node(service, Tag(.str))]))
                item[method] = .mapping(members)
            }
            guard var known = paths[path]?.mapping else {
                paths[path] = .mapping(item)
                continue
            }
            for (member, value) in item where known[member] == nil { known[member] = value }
            paths[path] = .mapping(known)
        }
    }

    private static func isPublic(_ path: String) -> Bool {
        !["/internal", "/metrics", "/livez", "/readyz", "/openapi.yaml"].contains { path.hasPrefix($0) }
    }
}

enum OpenAPIError: Error, Equatable {
    case notADocument(service: String)
}

/// YAML nodes as JSON text.
enum JSONRendering {
    static func append(_ node: Node, to text: inout String) {
        switch node {
        case .mapping(let mapping):
            var separator = "{"
            for (key, value) in mapping {
                text += separator
                appendString(key.string ?? "", to: &text)
                text += ":"
                append(value, to: &text)
                separator = ","
            }
            text += separator == "{" ? "{}" : "}"
        case .sequence(let sequence):
            var separator = "["
            for element in sequence {
                text += separator
                append(element, to: &text)
                separator = ","
            }
            text += separator == "[" ? "[]" : "]"
        case .scalar(let scalar):
            appendScalar(node, scalar.string, to: &text)
        case .alias:
            // The parser has put what it stands for in its place.
            text += "null"
        }
    }

    private static func appendScalar(_ node: Node, _ string: String, to text: inout String) {
        if node.null != nil {
            text += "null"
        } else if let bool = node.tag == Tag(.bool) ? node.bool : nil {
            text += bool ? "true" : "false"
        } else if let int = node.tag == Tag(.int) ? node.int : nil {
            text += String(int)
        } else if let float = node.tag == Tag(.float) ? node.float : nil, float.isFinite {
            text += String(float)
        } else {
            appendString(string, to: &text)
        }
    }

    private static func appendString(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
