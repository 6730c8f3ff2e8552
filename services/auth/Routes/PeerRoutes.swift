import HTTPKit
import Hummingbird
import Identity

/// What other processes verify tokens with, and have them renewed by.
struct PeerRoutes: Sendable {
    let keys: SigningKeys
    let revocations: RevocationStore
    let renewal: CookieRenewal

    func add(to routes: inout RouteTable) {
        routes.get("/.well-known/jwks.json", .public, RouteOptions(body: .none, produces: [])) { _, _ in
            // Short, so that a new key is known well before everybody's copy of the old set is worn out.
            let headers: HTTPFields = [.cacheControl: "public, max-age=60"]
            return try await describingProblems { JSON(try keys.keySet(), headers: headers) }
        }
        routes.get("/internal/v1/revocations", .internalService, RouteOptions(body: .none)) { request, _ in
            let after = try request.query().value("after", as: Int.self) ?? 0
            return JSON(try await revocations.page(after: after))
        }
        routes.post("/internal/v1/sessions/renew", .internalService) { request, context in
            let session = try await request.decode(as: SessionToRenew.self, context: context)
            guard let renewed = try await describingProblems({ try await renewal.renewed(session.token) }) else {
                return Response(status: .noContent)
            }
            return try JSON(renewed).response(from: request, context: context)
        }
    }
}
