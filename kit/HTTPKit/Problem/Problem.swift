import HTTPTypes
import Hummingbird

/// What is wrong with one field of a request.
public struct FieldError: Sendable, Hashable, Codable {
    /// The field's path, such as `readings[3].value`; empty for the whole body.
    public var field: String
    /// What is wrong, in words that follow the field's name: "must be a number".
    public var message: String

    public init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }
}

/// The error that a client is answered with, as `application/problem+json` (RFC 9457).
public struct Problem: Error, Sendable, Hashable {
    public var status: HTTPResponse.Status
    /// Names the kind of problem for programs; `about:blank` where the status says it all (section 4.2.1).
    public var type = "about:blank"
    /// The kind of problem in words.
    public var title: String
    /// This problem in words, for the one who made the request.
    public var detail: String?
    /// What is wrong with which field; with 422.
    public var errors: [FieldError] = []
    /// Header fields of the answer.
    public var headers: HTTPFields = [:]

    public init(_ status: HTTPResponse.Status, _ detail: String? = nil) {
        self.status = status
        title = status.reasonPhrase
        self.detail = detail
    }
}

// MARK: The usual ones

extension Problem {
    /// 400: not JSON, or not HTTP.
    public static func badRequest(_ detail: String) -> Problem { Problem(.badRequest, detail) }

    /// 401: no credentials, or none that prove anybody.
    public static func unauthorized(_ detail: String = "Credentials are required.") -> Problem {
        Problem(.unauthorized, detail).with(.wwwAuthenticate, "Bearer")
    }

    /// 402: a limit of the organization's plan, which `limit` names.
    public static func limitReached(_ limit: String, _ detail: String) -> Problem {
        var problem = Problem(.paymentRequired, detail)
        problem.type = "urn:lms:problem:limit:\(limit)"
        problem.title = "Plan limit reached"
        return problem
    }

    /// 403: known, but not allowed.
    public static func forbidden(_ detail: String = "Your role does not allow this.") -> Problem {
        Problem(.forbidden, detail)
    }

    /// 404: absent, or another organization's.
    public static func notFound(_ detail: String = "There is no such resource.") -> Problem {
        Problem(.notFound, detail)
    }

    /// 409: at odds with the resource's state or another resource.
    public static func conflict(_ detail: String) -> Problem { Problem(.conflict, detail) }

    /// 412: `If-Match` names another version than the current one.
    public static func preconditionFailed() -> Problem {
        Problem(.preconditionFailed, "The resource has changed since you read it; read it again.")
    }

    /// 422: well-formed but invalid.
    public static func invalid(_ errors: [FieldError]) -> Problem {
        var problem = Problem(.unprocessableContent, errors.first.map { $0.sentence })
        problem.errors = errors
        return problem
    }

    /// 422 for one field.
    public static func invalid(_ field: String, _ message: String) -> Problem {
        invalid([FieldError(field, message)])
    }

    /// 429: to be tried again after so many seconds.
    public static func tooManyRequests(retryAfter seconds: Int, _ detail: String = "Too many requests.") -> Problem {
        Problem(.tooManyRequests, detail).with(.retryAfter, String(seconds))
    }

    /// 503: a dependency is down; to be tried again after so many seconds.
    public static func unavailable(
        retryAfter seconds: Int = 1, _ detail: String = "The service cannot do this just now."
    ) -> Problem {
        Problem(.serviceUnavailable, detail).with(.retryAfter, String(seconds))
    }

    /// The same with a header field.
    public func with(_ name: HTTPField.Name, _ value: String) -> Problem {
        var problem = self
        problem.headers[name] = value
        return problem
    }
}

extension FieldError {
    fileprivate var sentence: String { (field.isEmpty ? "The request" : field) + " " + message + "." }
}

extension HTTPResponse.Status {
    static let paymentRequired = HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
}
