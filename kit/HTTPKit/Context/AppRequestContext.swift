import Foundation
import Hummingbird
import Identity
import Logging
import NIOCore
import ServiceKit

/// What accompanies a request from the first middleware to its handler.
public struct AppRequestContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// The connection that the request came on.
    public let channel: any Channel
    /// `X-Request-ID` as the client or the gateway sent it, else made here; in every log line and answer.
    public internal(set) var requestID = ""
    /// This service's span of the request's trace.
    public internal(set) var trace: TraceContext
    /// Who makes the request, and how they proved it; nil for nobody known, which only a public route admits.
    public internal(set) var authentication: Authentication?
    /// The fields of the form, on routes declared as forms, whose CSRF token has been checked.
    public internal(set) var form = FormFields()

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        trace = Self.noTrace
    }

    /// Until the first middleware has looked at the request; random numbers cost a system call.
    private static let noTrace = TraceContext(traceID: 1, spanID: 1, isSampled: false)

    public var id: String { requestID }

    /// How many bytes of a body, inflated, this route takes.
    public internal(set) var maxUploadSize = BodyRule.none.limit

    // The protocol's defaults make a new coder for every access.
    public var requestDecoder: JSONRequestDecoder { JSONRequestDecoder() }
    public var responseEncoder: JSONResponseEncoder { JSONResponseEncoder() }

    public var principal: Principal? { authentication?.principal }
}

// MARK: What a handler needs of its caller

extension AppRequestContext {
    /// The user who makes the request.
    ///
    /// - Throws: 401 or 403 for anybody else.
    public var user: UserPrincipal {
        get throws(Problem) {
            guard let principal else { throw .unauthorized() }
            guard let user = principal.user else { throw .forbidden("Only a user may do this.") }
            return user
        }
    }

    /// The device that makes the request.
    ///
    /// - Throws: 401 or 403 for anybody else.
    public var device: DevicePrincipal {
        get throws(Problem) {
            guard let principal else { throw .unauthorized() }
            guard let device = principal.device else { throw .forbidden("Only a device may do this.") }
            return device
        }
    }

    /// The organization that the request acts in.
    ///
    /// - Throws: 401 or 403 where there is none.
    public var organizationID: UUID {
        get throws(Problem) {
            guard let principal else { throw .unauthorized() }
            guard let id = principal.organizationID else { throw .forbidden("You are in no organization.") }
            return id
        }
    }
}

// MARK: Path parameters

extension AppRequestContext {
    /// The UUID in the path's place `{name}`.
    ///
    /// - Throws: 404 for anything else: nothing has such an id.
    public func id(_ name: String = "id") throws(Problem) -> UUID {
        guard let id = UUID(uuidString: try parameter(name)) else { throw .notFound() }
        return id
    }

    /// The text in the path's place `{name}`, percent-decoded.
    ///
    /// - Throws: 404 when it is not UTF-8.
    public func parameter(_ name: String) throws(Problem) -> String {
        guard let text = coreContext.parameters[name[...]] else { throw .notFound() }
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        guard let decoded = text.removingPercentEncoding else { throw .notFound() }
        return decoded
    }
}
