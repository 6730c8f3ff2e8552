import HTTPKit

/// A service's OpenAPI document, as far as tests compare it with what is served.
public struct OpenAPIText: Sendable {
    /// The operations under `paths`, as `GET /api/v1/devices`, in the document's order.
    public private(set) var operations: [String] = []
    /// The `operationId`s, in the document's order.
    public private(set) var operationIDs: [Substring] = []

    /// Reads a document that indents paths by two and methods by four spaces, as all of ours do.
    public init(_ text: String) {
        var path: Substring?
        for line in text.split(separator: "\n") {
            let indentation = line.prefix { $0 == " " }.count
            let key = line.dropFirst(indentation).prefix { $0 != ":" }
            switch indentation {
            case 0: path = nil
            case 2: path = key.hasPrefix("/") ? key : nil
            case 4:
                if let path, ["get", "put", "post", "patch", "delete"].contains(key) {
                    operations.append("\(key.uppercased()) \(path)")
                }
            default:
                if key == "operationId" { operationIDs.append(line.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) }
            }
        }
    }
}

extension HTTPApplication {
    /// The public routes that are served, as `GET /api/v1/devices`; without what every service has beside its contract.
    public var publicOperations: Set<String> {
        let standard = ["/livez", "/readyz", "/metrics", "/openapi.yaml"]
        let routes = routes.routes.filter { route in
            !route.path.hasPrefix("/internal/") && !route.path.contains("/static/") && !standard.contains(route.path)
        }
        return Set(routes.map { "\($0.method.rawValue) \($0.path)" })
    }
}
