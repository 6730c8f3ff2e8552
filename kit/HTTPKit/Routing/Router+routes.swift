import HTTPTypes
import Hummingbird

extension Router where Context == AppRequestContext {
    /// Registers the table's routes behind `gate`, and what the path answers to every other method.
    ///
    /// HEAD is answered as GET without the body, OPTIONS with `Allow`; another method is 405 with `Allow`
    /// (RFC 9110, section 15.5.6), where the router by itself would say 404.
    func add(_ table: RouteTable, behind gate: RouteGate) {
        for (path, routes) in table.methodsByPath {
            for route in routes {
                on(RouterPath(path), method: route.method) { request, context in
                    try await gate.respond(to: request, context: context, on: route)
                }
            }
            let allowed = Self.allowedMethods(of: routes)
            let allow = allowed.map(\.rawValue).sorted().joined(separator: ", ")
            on(RouterPath(path), method: .options) { _, _ in
                Response(status: .noContent, headers: [.allow: allow])
            }
            for method in Self.knownMethods where !allowed.contains(method) {
                on(RouterPath(path), method: method) { request, _ -> Response in
                    throw Problem(.methodNotAllowed, "\(request.method) is not among \(allow).").with(.allow, allow)
                }
            }
        }
    }

    private static var knownMethods: [HTTPRequest.Method] {
        [.get, .head, .post, .put, .patch, .delete, .options, .trace]
    }

    private static func allowedMethods(of routes: [Route]) -> Set<HTTPRequest.Method> {
        var methods = Set(routes.map(\.method))
        if methods.contains(.get) { methods.insert(.head) }
        methods.insert(.options)
        return methods
    }
}
