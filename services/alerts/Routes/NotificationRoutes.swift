import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres
import ServiceKit

/// `/api/v1/alerts/notifications`: what was sent, to whom, and how that went.
struct NotificationRoutes: Sendable {
    let notifications: NotificationStore
    let resender: NotificationResender

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts/notifications", .user(atLeast: .viewer), use: list)
        routes.get("/api/v1/alerts/notifications/{id}", .user(atLeast: .viewer), use: show)
        routes.post(
            "/api/v1/alerts/notifications/{id}/resend", .user(atLeast: .admin), RouteOptions(body: .any()), use: resend)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<NotificationDocument> {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let filter = NotificationFilter(
            statuses: try query.values("status"), channelIDs: try query.values("channel_id", as: UUID.self),
            alertIDs: try query.values("alert_id", as: UUID.self))
        let found = try await notifications.list(in: context.organizationID, filter, page)
        return try page.page(found, key: \.id) { NotificationDocument($0) }
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<NotificationDetailDocument> {
        let found = try await notifications.find(context.id(), in: context.organizationID)
        guard let (notification, attempts) = found else { throw Problem.notFound() }
        return JSON(NotificationDetailDocument(notification, attempts))
    }

    @Sendable private func resend(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<NotificationDocument> {
        let resent = try await resender.resend(context.id(), by: context.user, in: context.organizationID)
        return JSON(
            NotificationDocument(resent), status: .created, location: "/api/v1/alerts/notifications/\(resent.id.text)")
    }
}
