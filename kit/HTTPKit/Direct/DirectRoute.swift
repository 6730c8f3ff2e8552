import HTTPTypes
import NIOCore
import ServiceKit

/// A short way to a route for the usual request, without the middleware: begun on the connection's event loop, and best
/// ended there, from what is in memory.
///
/// It takes only what the route of the table would answer just so, errors included, and leaves everything else to that
/// route.
public protocol DirectRoute: Sendable {
    /// Begins to answer a request whose head was taken.
    ///
    /// - Parameters:
    ///   - body: The whole of it: JSON, as far as its content type tells; empty for a GET.
    ///   - completion: Takes the answer, once, on any thread; an error is answered as if a handler had thrown it.
    /// - Returns: The answer that will come; nil when the request is not taken, and `completion` not called.
    typealias Responder = (
        _ body: ByteBuffer, _ trace: RequestTrace, _ completion: @escaping DirectAnswer.Completion
    ) -> PendingAnswer?

    /// POST, of requests whose whole body is JSON and not large; or GET, of such as have no body.
    var method: HTTPRequest.Method { get }
    /// The path of the route in the table, for the metrics.
    var path: String { get }

    /// Whether its answers come so soon that its requests may share a connection, on which nobody learns that a client has
    /// left.
    var answersSoon: Bool { get }

    /// Who answers the request with this head, which has been found to be usual; nil when it is not for this route, or
    /// not to be answered from memory.
    func responder(to head: DirectHead) -> Responder?

    /// The process is about to end: what waits for something to answer is to be answered with what there is.
    func drain()
}

extension DirectRoute {
    /// Each request has a connection of its own.
    public var answersSoon: Bool { false }

    /// Nothing waits.
    public func drain() {}
}

/// An answer that is on its way.
public struct PendingAnswer: Sendable {
    /// Its client is gone, or sends nothing more, which most servers take for the same: it need not be waited for.
    public let abandon: @Sendable () -> Void

    public init(abandon: @escaping @Sendable () -> Void) {
        self.abandon = abandon
    }

    /// One that comes so soon that nothing is saved by giving it up.
    public static let soon = PendingAnswer {}
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

    /// - Throws: `EncodingError`.
    public init(_ status: HTTPResponse.Status, encoding value: some Encodable) throws {
        self.init(status, json: try JSONCoding.encode(value))
    }
}
