import Hummingbird
import Identity
import NIOHTTP1
import Postgres
import Redis

/// An error of a service that knows what the client is to be told.
public protocol ProblemConvertible: Error {
    var problem: Problem { get }
}

extension Problem {
    /// What the client is told when a handler throws `error`; nil for an error that is nobody's but ours (500).
    init?(cause error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as any ProblemConvertible: self = error.problem
        case let error as HTTPError:
            self.init(error.status, error.body)
            headers = error.headers
        case let error as any HTTPResponseError: self.init(error.status)
        case let failure as AuthenticationFailure: self.init(failure)
        case let error as PostgresError: self.init(error)
        case let error as RedisError where error.isConnectionFailure: self = .unavailable()
        case is CancellationError: self = .unavailable()
        // The body is malformed, or its client has gone before the end of it.
        case let error as HTTPParserError: self = .badRequest("The request is not HTTP: \(error).")
        default: return nil
        }
    }

    private init(_ failure: AuthenticationFailure) {
        self =
            failure == .unavailable
            ? .unavailable(failure.detail)
            : Problem(.unauthorized, failure.detail).with(.wwwAuthenticate, AuthenticationFailure.challenge)
    }

    /// What the database refuses because of a value is the client's doing, even where no validation caught it.
    private init?(_ error: PostgresError) {
        if error.isUnavailability {
            self = .unavailable()
            return
        }
        guard let state = error.sqlState else { return nil }
        switch state {
        case .uniqueViolation: self = .conflict("This is taken already.")
        case .foreignKeyViolation: self = .conflict("What this refers to does not exist, or is still in use.")
        case .checkViolation, .notNullViolation: self.init(.unprocessableContent, "A value is not allowed.")
        case .queryCanceled: self = .unavailable("This took too long.")
        case .serializationFailure, .deadlockDetected: self = .unavailable("Others changed the same; try again.")
        default:
            guard state.conditionClass == "22" else { return nil }
            self.init(.unprocessableContent, "A value is out of range or malformed.")
        }
    }
}

extension Problem {
    fileprivate static func unavailable(_ detail: String) -> Problem { .unavailable(retryAfter: 1, detail) }
}
