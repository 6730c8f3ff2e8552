import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// `/alerts/deliveries`: what was sent, to whom, and how that went.
struct DeliveryPageRoutes: Sendable {
    private static let path = "/alerts/deliveries"
    private static let listLength = 50

    let renderer: PageRenderer
    let notifications: NotificationStore
    let resender: NotificationResender

    func add(to routes: inout RouteTable) {
        routes.page(Self.path, .user(atLeast: .viewer), use: list)
        routes.page(Self.path + "/{id}", .user(atLeast: .viewer)) { request, context in
            try await show(request, context)
        }
        routes.form(Self.path + "/{id}/resend", .user(atLeast: .admin), use: resend)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> HTML {
        let query = try request.query()
        let status = try query.value("status", as: Notification.Status.self)
        let part = try query.part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let found = try await notifications.list(
            in: try context.organizationID, NotificationFilter(statuses: status.map { [$0] } ?? []), part)
        let page = DeliveriesPage(
            try ListPart(found, of: part, key: \.id), status: status, for: try context.user)
        return try renderer.render("deliveries", page, for: request, context)
    }

    /// - Parameter refusal: Why it was not sent again, where the page is the answer to that.
    private func show(
        _ request: Request, _ context: AppRequestContext, refusal: Problem? = nil
    ) async throws -> Response {
        guard let found = try await notifications.find(context.id(), in: context.organizationID) else {
            throw Problem.notFound()
        }
        let page = DeliveryPage(
            found.notification, found.attempts, for: try context.user, refusal: refusal,
            notice: request.notice(DeliveryNotice.self))
        return try renderer.render("delivery", page, status: refusal?.status ?? .ok, for: request, context)
            .response(from: request, context: context)
    }

    @Sendable private func resend(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await answeringForm(request, context) {
            let resent = try await resender.resend(context.id(), by: context.user, in: context.organizationID)
            return Redirect(to: "\(Self.path)/\(resent.id.text)", done: DeliveryNotice.resent)
        } again: { problem in
            try await show(request, context, refusal: problem)
        }
    }
}
