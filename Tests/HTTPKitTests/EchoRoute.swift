import FoundationEssentials
import HTTPKit
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import ServiceKit
import Synchronization
import TestKit

/// Answers what it is sent, from another thread; holds what says so until it is released.
final class EchoRoute: DirectRoute {
    static let path = "/echo"
    /// A body whose answer is larger than what the kernel keeps of it.
    static let large = #"{"large":true}"#
    static let largeSize = 16 << 20

    private struct State {
        var held: (@Sendable () -> Void)?
        var answered = 0
        var abandoned = 0
        var isDrained = false
    }

    private let state = Mutex(State())

    var method: HTTPRequest.Method { .post }
    var path: String { Self.path }
    var answersSoon: Bool { true }
    var answered: Int { state.withLock { $0.answered } }
    var abandoned: Int { state.withLock { $0.abandoned } }
    var isDrained: Bool { state.withLock { $0.isDrained } }

    func drain() {
        state.withLock { $0.isDrained = true }
    }

    func isHeld() async throws {
        try await eventually { self.state.withLock { $0.held != nil } }
    }

    private func hold(_ answer: @escaping @Sendable () -> Void) {
        state.withLock { $0.held = answer }
    }

    func release() {
        let held = state.withLock { state in
            defer { state.held = nil }
            return state.held
        }
        held?()
    }

    func responder(to head: DirectHead) -> Responder? {
        guard head.path == Self.path, !head.hasQuery, head["x-not-direct"] == nil else { return nil }
        return { body, _, completion in self.answer(body, completion) }
    }

    private func answer(_ body: ByteBuffer, _ completion: @escaping DirectAnswer.Completion) -> PendingAnswer? {
        let text = String(buffer: body)
        guard !text.contains("decline") else { return nil }
        state.withLock { $0.answered += 1 }
        let answer: @Sendable () -> Void = {
            guard text != #"{"fail":true}"# else { return completion(.failure(Problem.unavailable(retryAfter: 7))) }
            completion(
                Result {
                    let json = try JSONEncoder().encode(["way": "direct", "body": Self.echo(of: text)])
                    return DirectAnswer(.created, json: ByteBuffer(bytes: json))
                })
        }
        if text.contains("hold") {
            hold(answer)
        } else {
            Task { answer() }
        }
        return PendingAnswer { self.state.withLock { $0.abandoned += 1 } }
    }
}

extension EchoRoute {
    static let json: HTTPHeaders = ["content-type": "application/json"]

    fileprivate static func echo(of text: String) -> String {
        text == large ? String(repeating: "1", count: largeSize) : text
    }

    static let fields = "Host: lms\r\nContent-Type: application/json\r\n"

    /// The bytes of a request, which is answered directly unless `isRouted`.
    static func request(_ body: String, isRouted: Bool = false, isChunked: Bool = false) -> String {
        let size = body.utf8.count
        return "POST /echo HTTP/1.1\r\n" + fields + (isRouted ? "X-Not-Direct: 1\r\n" : "")
            + (isChunked
                ? "Transfer-Encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                : "Content-Length: \(size)\r\n\r\n\(body)")
    }

    /// Serves the route and the one behind it for the length of `body`, which has a connection.
    func serve(_ body: @Sendable (ServedRoutes, TestHTTPConnection) async throws -> Void) async throws {
        try await ServedRoutes.with(
            direct: [self],
            { table in
                table.post(EchoRoute.path, .public) { request, context in
                    let body = try await request.body.collect(upTo: 1 << 20)
                    let text = String(buffer: body)
                    guard text != #"{"fail":true}"# else { throw Problem.unavailable(retryAfter: 7) }
                    if text.contains("hold") { await withCheckedContinuation { held in self.hold { held.resume() } } }
                    return JSON(["way": "table", "body": Self.echo(of: text)], status: .created)
                }
            },
            { served in
                let connection = try await TestHTTPConnection.connect(port: served.client.port)
                try await body(served, connection)
                await connection.close()
            })
    }

    /// The same with a connection whose bytes `body` writes itself.
    func serveRaw(_ body: @Sendable (inout RawConnection, ServedRoutes) async throws -> Void) async throws {
        try await serve { served, _ in
            try await RawConnection.to(port: served.client.port) { try await body(&$0, served) }
        }
    }

    /// Which way a request has gone: `direct` or `table`.
    func way(_ response: TestHTTPResponse) -> String? { response.json["way"].string }

    /// Sends a request without waiting for its answer.
    func send(_ body: String, _ connection: TestHTTPConnection) async throws -> TestHTTPExchange {
        let exchange = try await connection.begin(
            .POST, EchoRoute.path, headers: EchoRoute.json.with("content-length", "\(body.utf8.count)"), hasBody: true)
        try await exchange.send(Array(body.utf8))
        try await exchange.endBody()
        return exchange
    }
}

extension HTTPHeaders {
    func with(_ name: String, _ value: String) -> HTTPHeaders {
        var headers = self
        headers.replaceOrAdd(name: name, value: value)
        return headers
    }
}
