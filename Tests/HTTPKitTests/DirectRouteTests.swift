import FoundationEssentials
import HTTPKit
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import ServiceKit
import Synchronization
import TestKit
import Testing

/// Requests that are answered on the event loop, beside those that are left to the routes.
struct DirectRouteTests {
    private static let json: HTTPHeaders = ["content-type": "application/json"]
    private let echo = EchoRoute()

    private func serve(_ body: @Sendable (ServedRoutes, TestHTTPConnection) async throws -> Void) async throws {
        try await ServedRoutes.with(
            direct: echo,
            { table in
                table.post(EchoRoute.path, .public) { request, context in
                    let body = try await request.body.collect(upTo: 1 << 20)
                    guard String(buffer: body) != #"{"fail":true}"# else { throw Problem.unavailable(retryAfter: 7) }
                    return JSON(["way": "table", "body": String(buffer: body)], status: .created)
                }
            },
            { served in
                let connection = try await TestHTTPConnection.connect(port: served.client.port)
                try await body(served, connection)
                await connection.close()
            })
    }

    private func way(_ response: TestHTTPResponse) -> String? { response.json["way"].string }

    @Test func `a usual request is answered directly, with the body it was sent`() async throws {
        try await serve { _, connection in
            for text in [#"{"a":1}"#, #"{"b":2}"#] {
                let response = try await connection.send(
                    .POST, EchoRoute.path, headers: Self.json, body: Array(text.utf8))
                #expect(response.status == 201)
                #expect(response.json == ["way": "direct", "body": .string(text)])
            }
        }
    }

    @Test(
        arguments: [
            ["content-type": "application/senml+json"],
            ["content-type": "application/json", "transfer-encoding": "chunked"],
            ["content-type": "application/json", "content-encoding": "identity"],
            ["content-type": "application/json", "expect": "nothing"],
            ["content-type": "application/json", "x-not-direct": "1"],
        ] as [HTTPHeaders])
    func `an unusual request is left to the routes whole`(headers: HTTPHeaders) async throws {
        try await serve { _, connection in
            let isChunked = headers.contains(name: "transfer-encoding")
            let exchange = try await connection.begin(
                .POST, EchoRoute.path, headers: isChunked ? headers : headers.with("content-length", "7"),
                hasBody: true)
            try await exchange.send(Array(#"{"a":1}"#.utf8))
            try await exchange.endBody()
            let response = try await exchange.response()
            #expect(response.json == ["way": "table", "body": #"{"a":1}"#])
            // The connection is as good as before.
            let next = try await connection.send(
                .POST, EchoRoute.path, headers: Self.json, body: Array("{}".utf8))
            #expect(way(next) == "direct")
        }
    }

    @Test func `a body that the direct route does not take goes to the routes, in pieces as well`() async throws {
        try await serve { _, connection in
            let exchange = try await connection.begin(
                .POST, EchoRoute.path, headers: Self.json.with("content-length", "18"), hasBody: true)
            try await exchange.send(Array(#"{"decli"#.utf8))
            try await exchange.send(Array(#"ne":"true"}"#.utf8))
            try await exchange.endBody()
            let response = try await exchange.response()
            #expect(response.json == ["way": "table", "body": #"{"decline":"true"}"#])
        }
    }

    @Test func `both ways give the same header fields`() async throws {
        try await serve { _, connection in
            var sent = Self.json
            sent.add(name: "x-request-id", value: "same")
            sent.add(name: "x-forwarded-proto", value: "https")
            let direct = try await connection.send(.POST, EchoRoute.path, headers: sent, body: Array("{}".utf8))
            let table = try await connection.send(
                .POST, EchoRoute.path, headers: sent.with("x-not-direct", "1"), body: Array("{}".utf8))
            #expect(way(direct) == "direct" && way(table) == "table")
            func fields(_ response: TestHTTPResponse) -> [String: String] {
                Dictionary(
                    response.headers.filter { !["date", "content-length"].contains($0.name.lowercased()) }
                        .map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $0 + "; " + $1 })
            }
            #expect(fields(direct) == fields(table))
            #expect(fields(direct)["x-request-id"] == "same")
            #expect(direct.header("date")?.hasSuffix(" GMT") == true)
            #expect(direct.header("date")?.utf8.count == table.header("date")?.utf8.count)
        }
    }

    @Test func `an error is the problem that a handler's would be`() async throws {
        try await serve { _, connection in
            let body = Array(#"{"fail":true}"#.utf8)
            let headers = Self.json.with("x-request-id", "same")
            let direct = try await connection.send(.POST, EchoRoute.path, headers: headers, body: body)
            let table = try await connection.send(
                .POST, EchoRoute.path, headers: headers.with("x-not-direct", "1"), body: body)
            #expect(direct.status == 503 && table.status == 503)
            #expect(direct.json == table.json)
            #expect(direct.header("retry-after") == "7")
            #expect(direct.header("content-type") == table.header("content-type"))
        }
    }

    @Test func `pipelined requests are answered in their order, whichever way each goes`() async throws {
        try await serve { _, connection in
            var exchanges: [TestHTTPExchange] = []
            for number in 0..<9 {
                let headers = number % 3 == 1 ? Self.json.with("x-not-direct", "1") : Self.json
                let exchange = try await connection.begin(
                    .POST, EchoRoute.path, headers: headers.with("content-length", "1"), hasBody: true)
                try await exchange.send(Array("\(number)".utf8))
                try await exchange.endBody()
                exchanges.append(exchange)
            }
            for (number, exchange) in exchanges.enumerated() {
                let response = try await exchange.response()
                #expect(response.status == 201 && response.json["body"].string == "\(number)")
                if number == 1 { #expect(way(response) == "table") }
            }
        }
    }

    @Test func `what is sent behind a request that is being answered waits for its turn`() async throws {
        try await serve { _, connection in
            let held = try await send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            let second = try await send("2", connection)
            let third = try await send("3", connection)
            echo.release()
            #expect(way(try await held.response()) == "direct")
            #expect(try await second.response().json["body"].string == "2")
            #expect(try await third.response().json["body"].string == "3")
        }
    }

    @Test func `a flood behind a request that is being answered is answered in order, once it is`() async throws {
        try await serve { _, connection in
            let held = try await send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            var exchanges: [TestHTTPExchange] = []
            for number in 0..<2000 { exchanges.append(try await send("\(number)", connection)) }
            echo.release()
            #expect(way(try await held.response()) == "direct")
            for (number, exchange) in exchanges.enumerated() {
                let response = try await exchange.response()
                guard response.json["body"].string == "\(number)" else {
                    Issue.record("\(number) was answered \(response)")
                    break
                }
            }
        }
    }

    @Test func `a request behind the last one of a connection is not answered`() async throws {
        try await serve { _, connection in
            let last = try await connection.begin(
                .POST, EchoRoute.path, headers: Self.json.with("connection", "close").with("content-length", "1"),
                hasBody: true)
            try await last.send(Array("1".utf8))
            try await last.endBody()
            _ = try await send("2", connection)
            #expect(way(try await last.response()) == "table")
            try await eventually { !connection.isOpen }
            #expect(echo.answered == 0)
        }
    }

    @Test func `a large body is left to the routes`() async throws {
        try await serve { _, connection in
            for (size, expected) in [(65_536, "direct"), (65_537, "table")] {
                let response = try await connection.send(
                    .POST, EchoRoute.path, headers: Self.json, body: Array(repeating: UInt8(ascii: "1"), count: size))
                #expect(way(response) == expected)
            }
        }
    }

    @Test func `a client that ends its sending direction gets its answer`() async throws {
        try await serve { _, connection in
            let held = try await send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            try await connection.endSending()
            try await eventually { self.echo.abandoned == 1 }
            echo.release()
            #expect(try await held.response().status == 201)
            try await eventually { !connection.isOpen }
        }
    }

    @Test func `what was sent behind it before the client ended its direction is given up, too`() async throws {
        try await serve { _, connection in
            let held = try await send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            let next = try await send(#"{"hold":true}"#, connection)
            try await connection.endSending()
            echo.release()
            #expect(try await held.response().status == 201)
            try await echo.isHeld()
            try await eventually { self.echo.abandoned == 2 }
            echo.release()
            #expect(try await next.response().status == 201)
        }
    }

    @Test(arguments: ["*/*", "application/*", "application/json", "text/plain;q=0.5, application/json"])
    func `whoever takes JSON is answered directly`(accept: String) async throws {
        try await serve { _, connection in
            let headers = Self.json.with("accept", accept)
            let response = try await connection.send(.POST, EchoRoute.path, headers: headers, body: Array("{}".utf8))
            #expect(way(response) == "direct")
        }
    }

    @Test func `a head may be as large as elsewhere`() async throws {
        try await serve { served, connection in
            let fine = Self.json.with("x-long", String(repeating: "a", count: 70_000))
            let response = try await connection.send(.POST, EchoRoute.path, headers: fine, body: Array("{}".utf8))
            #expect(way(response) == "direct")
            let large = Self.json.with("x-long", String(repeating: "a", count: 90_000))
            let refused = try? await served.client.send(.POST, EchoRoute.path, headers: large, body: Array("{}".utf8))
            #expect(refused?.status != 201)
            #expect(echo.answered == 1)
        }
    }

    @Test func `a client that ends its sending direction without a request is let go`() async throws {
        try await serve { _, connection in
            try await connection.endSending()
            try await eventually { !connection.isOpen }
        }
    }

    @Test func `a client that goes away before its answer harms nobody`() async throws {
        try await serve { served, connection in
            _ = try await send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            await connection.close()
            try await eventually { self.echo.abandoned > 0 }
            echo.release()
            let response = try await served.client.send(
                .POST, EchoRoute.path, headers: Self.json, body: Array("{}".utf8))
            #expect(way(response) == "direct")
        }
    }

    @Test func `a server that stops answers what is under way, and closes the connection`() async throws {
        try await serve { served, connection in
            let held = try await send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            await served.stop()
            // Otherwise the answer would be waited for.
            try await eventually { self.echo.isDrained }
            echo.release()
            #expect(try await held.response().status == 201)
            try await eventually { !connection.isOpen }
        }
    }

    @Test func `a body that is cut off is answered with nothing, and closes the connection`() async throws {
        try await serve { _, connection in
            let exchange = try await connection.begin(
                .POST, EchoRoute.path, headers: Self.json.with("content-length", "10"), hasBody: true)
            try await exchange.send(Array("{".utf8))
            try await connection.endSending()
            try await eventually { !connection.isOpen }
            #expect(echo.answered == 0)
        }
    }

    @Test func `requests are counted by the route's pattern`() async throws {
        try await serve { served, connection in
            _ = try await connection.send(.POST, EchoRoute.path, headers: Self.json, body: Array("{}".utf8))
            let metrics = try await served.client.get("/metrics").text
            #expect(metrics.contains(#"lms_http_requests_total{method="POST",route="/echo",status="201"} 1"#))
            #expect(metrics.contains(#"lms_http_request_duration_seconds_count{method="POST",route="/echo"} 1"#))
            #expect(metrics.contains("lms_http_requests_in_flight 1"))
        }
    }

    /// Sends a request without waiting for its answer.
    private func send(_ body: String, _ connection: TestHTTPConnection) async throws -> TestHTTPExchange {
        let exchange = try await connection.begin(
            .POST, EchoRoute.path, headers: Self.json.with("content-length", "\(body.utf8.count)"), hasBody: true)
        try await exchange.send(Array(body.utf8))
        try await exchange.endBody()
        return exchange
    }
}

/// Answers what it is sent, from another thread; holds what says so until it is released.
private final class EchoRoute: DirectRoute {
    static let path = "/echo"

    private struct State {
        var held: (@Sendable () -> Void)?
        var answered = 0
        var abandoned = 0
        var isDrained = false
    }

    private let state = Mutex(State())

    var method: HTTPRequest.Method { .post }
    var path: String { Self.path }
    var answered: Int { state.withLock { $0.answered } }
    var abandoned: Int { state.withLock { $0.abandoned } }
    var isDrained: Bool { state.withLock { $0.isDrained } }

    func drain() {
        state.withLock { $0.isDrained = true }
    }

    func isHeld() async throws {
        try await eventually { self.state.withLock { $0.held != nil } }
    }

    func release() {
        let held = state.withLock { state in
            defer { state.held = nil }
            return state.held
        }
        held?()
    }

    func subject(of head: HTTPRequest) -> HTTPFields? {
        guard head.path == Self.path, head.headerFields.allSatisfy({ $0.name.canonicalName != "x-not-direct" }) else {
            return nil
        }
        return head.headerFields
    }

    func answer(
        _ subject: HTTPFields, body: ByteBuffer, trace: RequestTrace, completion: @escaping DirectAnswer.Completion
    ) -> PendingAnswer? {
        let text = String(buffer: body)
        guard !text.contains("decline") else { return nil }
        state.withLock { $0.answered += 1 }
        let answer: @Sendable () -> Void = {
            guard text != #"{"fail":true}"# else { return completion(.failure(Problem.unavailable(retryAfter: 7))) }
            completion(
                Result {
                    let json = try JSONEncoder().encode(["way": "direct", "body": text])
                    return DirectAnswer(.created, json: ByteBuffer(bytes: json))
                })
        }
        if text.contains("hold") {
            state.withLock { $0.held = answer }
        } else {
            Task { answer() }
        }
        return PendingAnswer { self.state.withLock { $0.abandoned += 1 } }
    }
}

extension HTTPHeaders {
    fileprivate func with(_ name: String, _ value: String) -> HTTPHeaders {
        var headers = self
        headers.replaceOrAdd(name: name, value: value)
        return headers
    }
}
