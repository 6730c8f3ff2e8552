import NIOHTTP1
import TestKit
import Testing

/// Requests that are answered on the event loop, beside those that are left to the routes.
struct DirectRouteTests {
    private let echo = EchoRoute()

    @Test func `a usual request is answered directly, with the body it was sent`() async throws {
        try await echo.serve { _, connection in
            for text in [#"{"a":1}"#, #"{"b":2}"#] {
                let response = try await connection.send(
                    .POST, EchoRoute.path, headers: EchoRoute.json, body: Array(text.utf8))
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
        try await echo.serve { _, connection in
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
                .POST, EchoRoute.path, headers: EchoRoute.json, body: Array("{}".utf8))
            #expect(echo.way(next) == "direct")
        }
    }

    @Test func `a body that the direct route does not take goes to the routes, in pieces as well`() async throws {
        try await echo.serve { _, connection in
            let exchange = try await connection.begin(
                .POST, EchoRoute.path, headers: EchoRoute.json.with("content-length", "18"), hasBody: true)
            try await exchange.send(Array(#"{"decli"#.utf8))
            try await exchange.send(Array(#"ne":"true"}"#.utf8))
            try await exchange.endBody()
            let response = try await exchange.response()
            #expect(response.json == ["way": "table", "body": #"{"decline":"true"}"#])
        }
    }

    @Test func `both ways give the same header fields`() async throws {
        try await echo.serve { _, connection in
            var sent = EchoRoute.json
            sent.add(name: "x-request-id", value: "same")
            sent.add(name: "x-forwarded-proto", value: "https")
            let direct = try await connection.send(.POST, EchoRoute.path, headers: sent, body: Array("{}".utf8))
            let table = try await connection.send(
                .POST, EchoRoute.path, headers: sent.with("x-not-direct", "1"), body: Array("{}".utf8))
            #expect(echo.way(direct) == "direct" && echo.way(table) == "table")
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
        try await echo.serve { _, connection in
            let body = Array(#"{"fail":true}"#.utf8)
            let headers = EchoRoute.json.with("x-request-id", "same")
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
        try await echo.serve { _, connection in
            var exchanges: [TestHTTPExchange] = []
            for number in 0..<9 {
                let headers = number % 3 == 1 ? EchoRoute.json.with("x-not-direct", "1") : EchoRoute.json
                let exchange = try await connection.begin(
                    .POST, EchoRoute.path, headers: headers.with("content-length", "1"), hasBody: true)
                try await exchange.send(Array("\(number)".utf8))
                try await exchange.endBody()
                exchanges.append(exchange)
            }
            for (number, exchange) in exchanges.enumerated() {
                let response = try await exchange.response()
                #expect(response.status == 201 && response.json["body"].string == "\(number)")
                if number == 1 { #expect(echo.way(response) == "table") }
            }
        }
    }

    @Test func `what is sent behind a request that is being answered waits for its turn`() async throws {
        try await echo.serve { _, connection in
            let held = try await echo.send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            let second = try await echo.send("2", connection)
            let third = try await echo.send("3", connection)
            echo.release()
            #expect(echo.way(try await held.response()) == "direct")
            #expect(try await second.response().json["body"].string == "2")
            #expect(try await third.response().json["body"].string == "3")
        }
    }

    @Test func `a flood behind a request that is being answered is answered in order, once it is`() async throws {
        try await echo.serve { _, connection in
            let held = try await echo.send(#"{"hold":true}"#, connection)
            try await echo.isHeld()
            var exchanges: [TestHTTPExchange] = []
            for number in 0..<2000 { exchanges.append(try await echo.send("\(number)", connection)) }
            echo.release()
            #expect(echo.way(try await held.response()) == "direct")
            for (number, exchange) in exchanges.enumerated() {
                let response = try await exchange.response()
                guard response.json["body"].string == "\(number)" else {
                    Issue.record("\(number) was answered \(response)")
                    break
                }
            }
        }
    }

    @Test func `a large body is left to the routes`() async throws {
        try await echo.serve { _, connection in
            for (size, expected) in [(65_536, "direct"), (65_537, "table")] {
                let response = try await connection.send(
                    .POST, EchoRoute.path, headers: EchoRoute.json,
                    body: Array(repeating: UInt8(ascii: "1"), count: size))
                #expect(echo.way(response) == expected)
            }
        }
    }

    @Test(arguments: ["*/*", "application/*", "application/json", "text/plain;q=0.5, application/json"])
    func `whoever takes JSON is answered directly`(accept: String) async throws {
        try await echo.serve { _, connection in
            let headers = EchoRoute.json.with("accept", accept)
            let response = try await connection.send(.POST, EchoRoute.path, headers: headers, body: Array("{}".utf8))
            #expect(echo.way(response) == "direct")
        }
    }

    @Test func `a head may be as large as elsewhere`() async throws {
        try await echo.serve { served, connection in
            let fine = EchoRoute.json.with("x-long", String(repeating: "a", count: 70_000))
            let response = try await connection.send(.POST, EchoRoute.path, headers: fine, body: Array("{}".utf8))
            #expect(echo.way(response) == "direct")
            let large = EchoRoute.json.with("x-long", String(repeating: "a", count: 90_000))
            let refused = try? await served.client.send(.POST, EchoRoute.path, headers: large, body: Array("{}".utf8))
            #expect(refused?.status != 201)
            #expect(echo.answered == 1)
        }
    }

    @Test func `requests are counted by the route's pattern`() async throws {
        try await echo.serve { served, connection in
            _ = try await connection.send(.POST, EchoRoute.path, headers: EchoRoute.json, body: Array("{}".utf8))
            let metrics = try await served.client.get("/metrics").text
            #expect(metrics.contains(#"lms_http_requests_total{method="POST",route="/echo",status="201"} 1"#))
            #expect(metrics.contains(#"lms_http_request_duration_seconds_count{method="POST",route="/echo"} 1"#))
            #expect(metrics.contains("lms_http_requests_in_flight 1"))
        }
    }
}
