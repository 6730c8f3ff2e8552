import HTTPTypes
import Identity

/// Which scopes personal access tokens need on a service's routes, where a route does not say otherwise: the area by the
/// beginning of the path, the longest first; the verb by the method.
public struct TokenAreas: Sendable {
    private let others: [(prefix: [Substring], area: TokenScope.Area?)]
    private let area: TokenScope.Area?

    /// - Parameters:
    ///   - area: That of the service; nil where routes need somebody who has signed in.
    ///   - exceptions: Other areas by the beginning of the path, such as `/api/v1/organizations/{id}/members`.
    public init(_ area: TokenScope.Area?, except exceptions: [String: TokenScope.Area?] = [:]) {
        self.area = area
        others = exceptions.map { (RouteTable.shape(of: $0), $1) }.sorted { $0.prefix.count > $1.prefix.count }
    }

    func demand(_ method: HTTPRequest.Method, _ path: String, _ options: RouteOptions) -> TokenDemand {
        let shape = RouteTable.shape(of: path)
        let found = others.first { shape.starts(with: $0.prefix) }
        // A form belongs to a page, whose user is in front of it.
        guard let area = found.map(\.area) ?? area, options.body.accepts != [.form] else { return .signIn }
        return .scopes([TokenScope(area, method.isSafe ? .read : .write)])
    }
}

extension TokenDemand {
    /// - Throws: 403, which names the scopes that the token lacks (RFC 6750, section 3.1).
    public func check(_ user: UserPrincipal) throws(Problem) {
        switch allows(user) {
        case .allowed: return
        case .signInRequired: throw .forbidden("A personal access token cannot do this; sign in.")
        case .missing(let scopes):
            let names = scopes.map(\.rawValue).sorted()
            throw .forbidden("The personal access token lacks the scope \(names.joined(separator: " and ")).")
                .with(
                    .wwwAuthenticate,
                    "Bearer error=\"insufficient_scope\", scope=\"\(names.joined(separator: " "))\"")
        }
    }
}
