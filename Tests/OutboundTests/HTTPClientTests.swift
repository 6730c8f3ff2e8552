import HTTPTypes
import Outbound
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    private let client = HTTPClient()

    private func text(_ response: HTTPClient.Response) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    @Test func aResponseHasStatusHeadersAndBody() async throws {
        try await withServer { server in
            let response = try await client.execute(.init(url: server.url("/echo")))
            #expect(response.status == .ok)
            #expect(response.headers[values: try #require(HTTPField.Name("x-twice"))] == ["1", "2"])
            #expect(response.headers[try #require(HTTPField.Name("x-empty"))] == "")
            #expect(text(response) == "GET\naccept: */*\nhost: 127.0.0.1:\(server.port)\n\n")
        }
    }

    @Test func methodHeadersAndBodyAreSentAsGiven() async throws {
        try await withServer { server in
            var request = HTTPClient.Request(
                method: .put, url: server.url("/echo"), headers: [.contentType: "text/x", .accept: ""],
                body: [0, 13, 10, 255])
            request.headers[try #require(HTTPField.Name("X-Signature"))] = "a: b"
            let response = try await client.execute(request)
            let head = "PUT\naccept: \ncontent-length: 4\ncontent-type: text/x\nhost: 127.0.0.1:\(server.port)\n"
            #expect(response.body == Array((head + "x-signature: a: b\n\n").utf8) + [0, 13, 10, 255])
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.post, true), (.put, true), (.patch, true), (.get, false), (.delete, false),
    ])
    func withoutABodyItsLengthIsSentWhereOneIsExpected(method: HTTPRequest.Method, sendsLength: Bool) async throws {
        try await withServer { server in
            let response = try await client.execute(.init(method: method, url: server.url("/echo")))
            #expect(text(response).hasPrefix(method.rawValue + "\n"))
            #expect(text(response).contains("content-length: 0\n") == sendsLength)
            #expect(!text(response).contains("content-type"))
        }
    }

    @Test func aLargeBodyIsSentWithoutWaitingForPermission() async throws {
        try await withServer { server in
            let body = [UInt8](repeating: 7, count: 3 << 20)
            var request = HTTPClient.Request(method: .post, url: server.url("/echo"), body: body)
            request.maximumResponseBytes = 4 << 20
            let response = try await client.execute(request)
            #expect(response.body.suffix(body.count) == body[...])
            #expect(!text(response).prefix(500).contains("expect:"))
        }
    }

    @Test func theResponseToAHeadRequestHasNoBody() async throws {
        try await withServer { server in
            let response = try await client.execute(.init(method: .head, url: server.url("/large")))
            #expect(response.headers[.contentLength] == "1000")
            #expect(response.body.isEmpty)
        }
    }

    @Test func anErrorStatusIsAResponse() async throws {
        try await withServer { server in
            let response = try await client.execute(.init(url: server.url("/missing")))
            #expect(response.status == .notFound)
            #expect(text(response) == "nothing here")
        }
    }

    @Test func aRedirectIsNotFollowed() async throws {
        try await withServer { server in
            let response = try await client.execute(.init(url: server.url("/redirect")))
            #expect(response.status == .found)
            #expect(response.headers[.location] == "/echo")
        }
    }

    @Test func aConnectionIsUsedAgain() async throws {
        try await withServer { server in
            for _ in 0..<5 { _ = try await client.execute(.init(url: server.url("/echo"))) }
            #expect(server.connections.accepted == 1)
        }
    }

    @Test func manyRequestsRunAtOnce() async throws {
        try await withServer { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask { [client] in
                        let body = Array("number \(number)".utf8)
                        let response = try await client.execute(
                            .init(method: .post, url: server.url("/echo"), body: body))
                        #expect(response.body.suffix(body.count) == body[...])
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func theConnectionsOfAClientCloseWithIt() async throws {
        try await withServer { server in
            do {
                let client = HTTPClient()
                _ = try await client.execute(.init(url: server.url("/echo")))
                #expect(server.connections.open == 1)
            }
            try await eventually { server.connections.open == 0 }
        }
    }
}
