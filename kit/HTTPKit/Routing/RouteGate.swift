import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Logging

/// Looks up whether a user is a member of an organization, at least in a role.
///
/// - Throws: what is answered where not: 404 to whoever does not belong to it, 403 to a member.
public typealias MembershipCheck =
    @Sendable (_ user: UserPrincipal, _ organization: UUID, _ least: Role, _ evenSuspended: Bool) async throws -> Void

/// What stands before every handler: who asks, whether they may, and whether the request is one the route takes.
struct RouteGate: Sendable {
    let authenticator: Authenticator
    let forms: FormTokens
    let cookies: CookieRenewal
    /// Nil in a service without routes for ``Identity/Access/member(atLeast:evenSuspended:)``.
    let members: MembershipCheck?

    func respond(to request: Request, context: AppRequestContext, on route: Route) async throws -> Response {
        var request = request
        var context = context
        context.authentication = try await authentication(of: request, for: route)
        if let organization = context.principal?.organizationID {
            context.logger[metadataKey: "org"] = .string(organization.uuidString.lowercased())
        }
        try checkOrigin(of: request, context, on: route)
        try Negotiation.check(request, against: route.options.produces)
        try receiveBody(of: &request, &context, as: route.options.body)
        if route.options.body.accepts == [.form] {
            context.form = try await forms.checkedFields(of: request, context)
        }
        if case .member(let least, let evenSuspended) = route.access {
            guard let members, let user = context.principal?.user else { throw Problem.forbidden() }
            try await members(user, context.id(), least, evenSuspended)
        }
        let response = try await cookies.renewing(route.handler(request, context), to: request, context)
        return Negotiation.unlessModified(response, for: request)
    }

    // MARK: Who asks

    /// - Throws: 401 or 403 as ``Problem`` or `AuthenticationFailure`, ``SignInRequired`` for a browser.
    private func authentication(of request: Request, for route: Route) async throws -> Authentication? {
        let isPage = route.options.audience == .browser
        let authentication: Authentication?
        do {
            authentication = try await authenticator.authenticate(Credentials(of: request.head))
        } catch {
            // What everybody may see is shown to somebody with a stale cookie, too.
            if route.access == .public { return nil }
            throw isPage && error != .unavailable ? SignInRequired() : error
        }
        switch route.access.allows(authentication?.principal) {
        case .allowed:
            if route.access != .public, let user = authentication?.principal.user { try route.tokens.check(user) }
            return authentication
        case .forbidden: throw Problem.forbidden()
        case .unauthenticated: throw isPage ? SignInRequired() : Problem.unauthorized()
        }
    }

    /// A browser sends the cookie whoever caused the request, so what changes state must come from our own pages.
    private func checkOrigin(of request: Request, _ context: AppRequestContext, on route: Route) throws(Problem) {
        guard !request.method.isSafe else { return }
        let origin = RequestOrigin(request.head)
        let isByCookie = context.authentication?.credential == .sessionCookie
        // A form for everybody may come from a client that sends neither header; its token is checked in any case.
        let isAcceptable =
            isByCookie ? origin == .same : route.options.audience == .api || origin != .foreign
        guard isAcceptable else { throw .forbidden("The request does not come from this site.") }
    }

    // MARK: The body

    private func receiveBody(
        of request: inout Request, _ context: inout AppRequestContext, as rule: BodyRule
    ) throws(Problem) {
        context.maxUploadSize = rule.limit
        guard request.hasBody else { return }
        if let contentType = request.headers[.contentType], !rule.accepts.isEmpty {
            let type = MediaTypeName(contentType: contentType)
            guard rule.accepts.contains(where: { $0.takes(type) }) else {
                throw .unsupportedMediaType(type, expected: rule.accepts)
            }
        }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > rule.wireLimit {
            throw .bodyTooLarge(limit: rule.wireLimit)
        }
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "identity":
            context.maxUploadSize = min(rule.wireLimit, rule.limit)
        case "gzip", "x-gzip":
            request.body = RequestBody(
                asyncSequence: InflatedBody(request.body, wireLimit: rule.wireLimit, limit: rule.limit))
        case let encoding?:
            throw Problem(.unsupportedMediaType, "The content encoding '\(encoding)' is not gzip.")
                .with(.acceptEncoding, "gzip")
        }
    }
}

/// A browser's request for a page that only those see who are signed in.
struct SignInRequired: Error {}

extension Credentials {
    /// The credentials in a request's head: a key in its path, and else what its fields hold.
    public init(of head: HTTPRequest) {
        if let key = DeviceKeyPath.key(in: head.path) {
            self.init(apiKey: String(key))
            return
        }
        self.init(
            authorization: head.headerFields[.authorization], apiKey: head.headerFields[.apiKey],
            sessionCookie: SessionCookie.token(in: head.headerFields[values: .cookie]))
    }
}

extension HTTPRequest.Method {
    /// RFC 9110, section 9.2.1.
    var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }
}

extension Request {
    fileprivate var hasBody: Bool {
        headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
    }
}

extension Problem {
    fileprivate static func unsupportedMediaType(_ found: MediaTypeName, expected: [MediaTypeName]) -> Problem {
        let names = expected.map(\.description).joined(separator: ", ")
        return Problem(.unsupportedMediaType, "The content type '\(found)' is not among \(names).")
            .with(.accept, names)
    }

    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(.contentTooLarge, "The body is larger than \(limit) bytes.")
    }
}
