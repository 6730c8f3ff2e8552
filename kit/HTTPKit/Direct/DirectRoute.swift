import HTTPTypes
import NIOCore
import ServiceKit

/// A short way to a route for the usual request: on the connection's event loop, without a task, from what is in memory.
///
/// It takes only what the route of the table would answer just so, and leaves everything else to that route, refusals
/// included. So there is one place that says what a request is answered.
public protocol DirectRoute: Sendable {
    /// What the head of a request tells, as who makes it.
    associatedtype Subject: Sendable

    var method: HTTPRequest.Method { get }
    /// The path of the route in the table, for the metrics.
    var path: String { get }

    /// What `head` tells; nil when the request is not for this route, or not to be answered from memory.
    func subject(of head: HTTPRequest) -> Subject?

    /// Begins to answer a request.
    ///
    /// - Parameters:
    ///   - body: The whole of it, which is not large: JSON, as far as its content type tells.
    ///   - completion: Takes the answer, once, on any thread; an error is answered as if a handler had thrown it.
    /// - Returns: Whether the request is taken. If not, `completion` is not called.
    func answer(
        _ subject: Subject, body: ByteBuffer, trace: RequestTrace, completion: @escaping DirectAnswer.Completion
    ) -> Bool
}

/// What a ``DirectRoute`` answers: JSON.
public struct DirectAnswer: Sendable {
    public typealias Completion = @Sendable (Result<DirectAnswer, any Error>) -> Void

    public let status: HTTPResponse.Status
    public let json: ByteBuffer

    public init(_ status: HTTPResponse.Status, json: ByteBuffer) {
        self.status = status
        self.json = json
    }
}
