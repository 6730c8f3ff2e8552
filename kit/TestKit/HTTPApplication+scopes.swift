import Foundation
import HTTPKit
import Identity
import Kernel
import NIOHTTP1

extension HTTPApplication {
    /// Tries every route that is for users with personal access tokens of an owner: one that has the scopes that the
    /// route is meant to need, and for each of these one that has all but it.
    ///
    /// - Parameters:
    ///   - client: A client of the service, whose issuer is ``TestIssuer``.
    ///   - expected: The scopes by the route's name, such as `GET /api/v1/devices`; nil where no token may.
    /// - Returns: What went otherwise, in words.
    public func scopeDeviations(
        by client: TestHTTPClient, expected: (_ route: String) -> Set<TokenScope>?
    ) async throws -> [String] {
        var deviations: [String] = []
        for route in routes.routes where route.access.isForUsers {
            let name = "\(route.method.rawValue) \(route.path)"
            let demand = expected(name).map(TokenDemand.scopes) ?? .signIn
            if route.tokens != demand { deviations.append("\(name) demands \(route.tokens), not \(demand)") }
            let scopes = expected(name)
            let status = try await status(of: route, scopes ?? Set(TokenScope.allCases), client)
            if (status == 403) != (scopes == nil) || status == 401 || status == 500 {
                deviations.append("\(name) answers \(status) to a token with \(scopes ?? [])")
            }
            for scope in scopes ?? [] {
                let status = try await self.status(of: route, Set(TokenScope.allCases).subtracting([scope]), client)
                if status != 403 { deviations.append("\(name) answers \(status) to a token without \(scope)") }
            }
        }
        return deviations
    }

    private func status(
        of route: Route, _ scopes: Set<TokenScope>, _ client: TestHTTPClient
    ) async throws -> Int {
        let path = route.path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("{") ? UUID.v7().text[...] : $0 }.joined(separator: "/")
        let token = try await TestIssuer.shared().accessToken(in: .v7(), as: .owner, scopes: scopes)
        return try await client.authorized(token).send(HTTPMethod(rawValue: route.method.rawValue), path).status
    }
}

extension Access {
    fileprivate var isForUsers: Bool {
        switch self {
        case .signedIn, .user, .member, .userOrDevice: true
        case .public, .device, .superuser, .internalService: false
        }
    }
}
