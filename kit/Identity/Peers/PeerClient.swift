import Foundation
import HTTPTypes
import Outbound
import ServiceKit
import Synchronization

/// Asks another service of this installation, under `/internal/v1/…`: with a token of ours, a deadline of a second, one
/// more try, and not at all for a while when it does not answer. What the task works for (``ServiceKit/RequestTrace``)
/// goes along.
public final class PeerClient: Sendable {
    private static let deadline = Duration.seconds(1)
    private static let attempts = 2

    private let base: URL
    private let http: HTTPClient
    private let tokens: InternalTokens
    private let breaker = Mutex(CircuitBreaker())

    /// - Parameter base: Where the service is, such as `http://127.0.0.1:8102`.
    public init(base: URL, http: HTTPClient, tokens: InternalTokens) {
        self.base = base
        self.http = http
        self.tokens = tokens
    }

    /// The document at `path`; nil when there is none (404).
    ///
    /// - Parameter path: With its query, beginning with a slash.
    /// - Throws: ``PeerError``, `DecodingError`.
    public func get<Document: Decodable>(_ path: String, as type: Document.Type = Document.self) async throws
        -> Document?
    {
        try await answer(to: HTTPClient.Request(url: base.absoluteString + path))
    }

    /// The answer to `question`, sent as JSON to `path`; nil when there is none (204, 404). It may be asked twice.
    ///
    /// - Throws: ``PeerError``, `EncodingError`, `DecodingError`.
    public func post<Document: Decodable>(
        _ question: some Encodable, to path: String, as type: Document.Type = Document.self
    ) async throws -> Document? {
        try await answer(
            to: HTTPClient.Request(
                method: .post, url: base.absoluteString + path, headers: [.contentType: "application/json"],
                body: Array(JSONEncoder().encode(question))))
    }

    private func answer<Document: Decodable>(to request: HTTPClient.Request) async throws -> Document? {
        let response = try await attempt(request)
        switch response.status.code {
        case 200: return try JSONDecoder().decode(Document.self, from: Data(response.body))
        case 204, 404: return nil
        default: throw PeerError.refused(status: response.status.code)
        }
    }

    private func attempt(_ request: HTTPClient.Request) async throws -> HTTPClient.Response {
        var request = request
        request.timeout = Self.deadline
        request.headers[.authorization] = "Bearer \(try await tokens.token())"
        request.headers[.requestID] = RequestTrace.current?.requestID
        request.headers[.traceparent] = RequestTrace.current?.trace.traceparent
        var reason = "it has not been answering"
        for _ in 0..<Self.attempts where breaker.withLock({ $0.admits(at: .now) }) {
            do {
                let response = try await http.execute(request)
                switch response.status.code {
                case 408:
                    // It stops, and was about to end the connection: nobody has acted on this.
                    reason = "it stops"
                    continue
                case 500...: reason = "it answered \(response.status.code)"
                default:
                    breaker.withLock { $0.succeeded() }
                    return response
                }
            } catch let error as TransferError {
                reason = "\(error)"
            }
            breaker.withLock { $0.failed(at: .now) }
        }
        throw PeerError.unavailable(reason: reason)
    }
}

/// Why another service gave no answer.
public enum PeerError: Error, CustomStringConvertible {
    case unavailable(reason: String)
    /// It understood and refused.
    case refused(status: Int)

    public var description: String {
        switch self {
        case .unavailable(let reason): "the service cannot be asked: \(reason)"
        case .refused(let status): "the service refused: \(status)"
        }
    }
}
