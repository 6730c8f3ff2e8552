import Foundation
import HTTPKit
import Hummingbird

/// Where the caller is signed in.
struct SessionRoutes: Sendable {
    let sessions: Sessions

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/auth/sessions", .signedIn) { request, context in
            let user = try context.user
            let page = try request.query().page(of: UUID.self)
            let records = try await sessions.store.sessions(of: user.id, page)
            return JSON(
                try page.page(records, key: \.id) { SessionAnswer($0, isCurrent: $0.id == user.sessionID) })
        }
        routes.on(.delete, "/api/v1/auth/sessions/{id}", .signedIn, RouteOptions(body: .none)) { _, context in
            guard try await sessions.end(try context.id(), of: try context.user.id) else { throw Problem.notFound() }
            return Response(status: .noContent)
        }
    }
}
