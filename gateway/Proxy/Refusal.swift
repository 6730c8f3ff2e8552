import HTTPWire
import Identity

/// Why the gateway answers a request itself.
enum Refusal: Error, Equatable {
    case malformed(String)
    case unauthorized(AuthenticationFailure)
    /// To a preflight.
    case originNotAllowed
    case notFound
    case methodNotAllowed(HTTPMethods)
    case requestTimeout
    case contentTooLarge(limit: Int)
    case targetTooLong
    /// - Parameter length: bytes of what a range was asked of.
    case rangeNotSatisfiable(length: Int)
    case headTooLarge
    case unknownExpectation
    case tooManyRequests(retryAfter: Int)
    case badGateway
    case unavailable
    case unanswered
    case failing
    case overloaded
    /// - Parameter asPage: whether a person reads the answer.
    case maintenance(MaintenanceMode.Notice, asPage: Bool)
    case unsupportedVersion
    /// The same under `https`.
    case tlsRequired(location: String)

    init(_ error: MessageError) {
        switch error {
        case .malformed(let detail): self = .malformed(detail)
        case .targetTooLong: self = .targetTooLong
        case .headTooLarge: self = .headTooLarge
        case .unsupportedVersion: self = .unsupportedVersion
        case .unknownExpectation: self = .unknownExpectation
        }
    }

    var status: Int {
        switch self {
        case .tlsRequired: 308
        case .malformed: 400
        case .unauthorized: 401
        case .originNotAllowed: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .contentTooLarge: 413
        case .targetTooLong: 414
        case .rangeNotSatisfiable: 416
        case .unknownExpectation: 417
        case .tooManyRequests: 429
        case .headTooLarge: 431
        case .badGateway: 502
        case .unavailable, .unanswered, .failing, .overloaded, .maintenance: 503
        case .unsupportedVersion: 505
        }
    }

    var detail: String {
        switch self {
        case .malformed(let detail): "The request cannot be understood: \(detail)."
        case .unauthorized(let failure): failure.detail
        case .originNotAllowed: "Pages of this origin may not use this path."
        case .notFound: "Nothing is known at this path."
        case .methodNotAllowed: "This path does not take this method."
        case .requestTimeout: "The request did not arrive in time."
        case .contentTooLarge(let limit): "The request content may have \(limit) bytes here."
        case .targetTooLong: "The request target is too long."
        case .rangeNotSatisfiable(let length): "The content has \(length) bytes, none of them in this range."
        case .headTooLarge: "The request header fields are too large or too many."
        case .unknownExpectation: "The only expectation met is 100-continue."
        case .tooManyRequests: "Too many requests; send the next one after the time in Retry-After."
        case .badGateway: "The service answered with something that is not HTTP."
        case .unavailable: "The service cannot be reached now; try again after the time in Retry-After."
        case .unanswered: "The service did not answer in time; try again after the time in Retry-After."
        case .failing: "The service fails too many requests now; try again after the time in Retry-After."
        case .overloaded: "The service has as many requests as it takes; try again after the time in Retry-After."
        case .maintenance(let notice, _): notice.message
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .tlsRequired: "This is served by HTTPS alone."
        }
    }

    /// Seconds until trying again makes sense.
    var retryAfter: Int? {
        switch self {
        case .tooManyRequests(let seconds): seconds
        case .unavailable, .unanswered, .failing, .overloaded: 1
        case .maintenance(let notice, _): notice.retryAfter
        default: nil
        }
    }

    /// Whether the bytes that follow cannot be told apart from the request that failed.
    var losesFraming: Bool {
        switch self {
        case .malformed, .requestTimeout, .targetTooLong, .headTooLarge, .unsupportedVersion, .unknownExpectation:
            true
        default: false
        }
    }
}
