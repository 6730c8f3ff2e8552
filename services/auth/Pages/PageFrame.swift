import HTTPKit
import Hummingbird
import Kernel

/// What the pages of those who are signed in have in common; templates read it as `page.frame`.
struct PageFrame: Sendable {
    /// The active organization, for the header.
    struct Place: Sendable {
        let path: String
        let name: String
    }

    /// What has just been done.
    let notice: String?
    /// Nil for who belongs to none.
    let organization: Place?
}

/// Renders the pages of those who are signed in.
struct SignedInPages: Sendable {
    let renderer: PageRenderer
    let organizations: OrganizationStore

    /// - Parameter done: What the page may say has been done.
    func frame<Done: Notice>(
        _ done: Done.Type, _ request: Request, _ context: AppRequestContext
    ) async throws -> PageFrame {
        let user = try context.user
        let active: Organization? =
            if let id = user.organizationID { try await organizations.find(id, of: user.id) } else { nil }
        return PageFrame(
            notice: request.notice(done),
            organization: active.map { PageFrame.Place(path: "/organizations/\($0.id.text)", name: $0.name) })
    }

    /// - Parameter refusal: Why a form was refused, where that is what the page shows.
    func show(
        _ template: String, _ page: some Sendable, refusal: Problem? = nil, status: HTTPResponse.Status = .ok,
        _ request: Request, _ context: AppRequestContext
    ) throws -> Response {
        var response = try renderer.render(
            template, page, status: refusal?.status ?? status, for: request, context
        ).response(from: request, context: context)
        response.headers[.retryAfter] = refusal?.headers[.retryAfter]
        return response
    }
}
