import HTTPTypes
import Hummingbird
import Synchronization

/// A request that a ``TestHTTPServer`` received, read to its end.
public struct TestHTTPRequest: Sendable {
    public let method: String
    /// With its query.
    public let path: String
    public let headers: HTTPFields
    public let body: [UInt8]

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The only or first value of the header called `name`.
    public func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }
}

/// A real HTTP server for what a service calls, such as a webhook's receiver: it answers as the test says and keeps
/// what it was sent.
public final class TestHTTPServer: Sendable {
    /// What is answered: a status and a body.
    public typealias Answer = (status: Int, json: String)

    public let port: Int
    private let log: Log

    private init(port: Int, log: Log) {
        self.port = port
        self.log = log
    }

    /// Such as `http://127.0.0.1:40123`.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// What has been received, in order.
    public var requests: [TestHTTPRequest] { log.requests.withLock(\.self) }

    /// Starts a server on a free loopback port, which runs as long as the process.
    public static func start(
        answering answer: @escaping @Sendable (TestHTTPRequest) async -> Answer = { _ in (200, "{}") }
    ) async throws -> TestHTTPServer {
        let log = Log()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            let body = try await request.body.collect(upTo: 1 << 24)
            let received = TestHTTPRequest(
                method: request.method.rawValue, path: request.uri.description, headers: request.headers,
                body: Array(body.readableBytesView))
            log.requests.withLock { $0.append(received) }
            let (status, json) = await answer(received)
            return Response(
                status: .init(code: status), headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: json)))
        }
        let application = Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        Task {
            try await application.run()
        }
        for await port in ports { return TestHTTPServer(port: port, log: log) }
        throw TestHTTPError.closed
    }

    private final class Log: Sendable {
        let requests = Mutex<[TestHTTPRequest]>([])
    }
}
