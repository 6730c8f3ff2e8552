import HTTPWire
import TestKit
import Testing

@testable import Gateway

@Suite("Routes by host and principal")
struct ScopeTests {
    /// A router over `host path principal`, each `-` for any.
    private func router(_ routes: String...) throws -> Router {
        try Router(
            routes.map { text in
                let parts = text.split(separator: " ").map(String.init)
                return Route(
                    pattern: try RoutePattern(parts[1]), host: parts[0] == "-" ? nil : try HostPattern(parts[0]),
                    principal: PrincipalKind(rawValue: parts[2]), destination: .upstream(0),
                    timeouts: RouteTimeouts(connect: .seconds(1), response: .seconds(1), idle: .seconds(1)),
                    bodyLimit: 100, limit: .general)
            })
    }

    /// The route that takes a request, written as above.
    private func route(_ router: Router, _ path: String, _ fields: String) throws -> String? {
        let bytes = Array("GET \(path) HTTP/1.1\r\n\(fields)\r\n\r\n".utf8)
        var parser = RequestParser(limits: HeadLimits())
        var head = RequestHead()
        _ = try #require(try parser.parse(bytes.span, into: &head))
        let scope = router.scope(of: head, bytes.span)
        let match = router.match(bytes.span, head.path, method: .get, scope: scope)
        guard case .route(let route) = match else { return nil }
        return "\(route.host?.text ?? "-") \(route.pattern.text) \(route.principal?.rawValue ?? "-")"
    }

    @Test(
        "An exact host comes before a wildcard, the longer wildcard before the shorter, and no host last",
        arguments: [
            ("api.example.org", "api.example.org /a/* -"), ("API.Example.ORG:8443", "api.example.org /a/* -"),
            ("api.example.org.", "api.example.org /a/* -"), ("x.api.example.org", "*.api.example.org /a/* -"),
            ("x.y.example.org", "*.example.org /a/* -"), ("example.org", "- /a/b -"),
            ("evilexample.org", "- /a/b -"), ("[::1]:80", "- /a/b -"), ("10.0.0.1:80", "- /a/b -"),
        ])
    func hosts(host: String, expected: String) throws {
        let routes = [
            "- /a/b -", "*.example.org /a/* -", "api.example.org /a/* -", "*.api.example.org /a/* -",
        ]
        let router = try router(routes[0], routes[1], routes[2], routes[3])
        #expect(try route(router, "/a/b", "Host: \(host)") == expected)
        let reversed = try self.router(routes[3], routes[2], routes[1], routes[0])
        #expect(try route(reversed, "/a/b", "Host: \(host)") == expected)
    }

    @Test("What a host's routes do not take, the next best do")
    func fallThrough() throws {
        let router = try router("api.example.org /a -", "*.example.org /b -", "- /c -")
        for (path, expected) in [("/a", "api.example.org /a -"), ("/b", "*.example.org /b -"), ("/c", "- /c -")] {
            #expect(try route(router, path, "Host: api.example.org") == expected)
        }
        #expect(try route(router, "/a", "Host: lms") == nil)
    }

    @Test(
        "The form of the credential tells the principal",
        arguments: [
            ("X-API-Key: lms_dev_abc", "device"), ("Authorization: Bearer lms_dev_abc", "device"),
            ("authorization: bEARER  lms_dev_abc", "device"), ("Authorization: Bearer lms_pat_abc", "person"),
            // {"alg":"ES256","kid":"a"} and {"kid":"a","alg":"HS256"}
            ("Authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.x", "person"),
            ("Authorization: Bearer eyJraWQiOiJhIiwiYWxnIjoiSFMyNTYifQ.e30.x", "service"),
            ("Authorization: Bearer HS256.e30.x", "person"), ("Authorization: Basic bG1zX2Rldl8=", "person"),
            ("Cookie: a=b; session_token=abc", "person"), ("Cookie: session_token=", "none"), ("Accept: */*", "none"),
            ("Authorization: Bearer lms_pat_abc\r\nX-API-Key: lms_dev_abc", "person"),
            ("X-API-Key: lms_dev_abc\r\nCookie: session_token=abc", "device"),
        ])
    func principals(field: String, expected: String) throws {
        let router = try router("- /a -", "- /a device", "- /a person", "- /a service", "- /a none")
        #expect(try route(router, "/a", "Host: lms\r\n\(field)") == "- /a \(expected)")
    }

    @Test("Who has no route of their own takes the one for any; where there is none, there is nothing")
    func others() throws {
        let router = try router("- /a device", "- /a/* -", "- /b device")
        #expect(try route(router, "/a", "Host: lms\r\nX-API-Key: lms_dev_a") == "- /a device")
        #expect(try route(router, "/a", "Host: lms") == "- /a/* -")
        #expect(try route(router, "/b", "Host: lms") == nil)
    }

    @Test("The same path is no conflict for another host or principal, but for the same it is")
    func conflicts() throws {
        _ = try router("- /a -", "a.org /a -", "*.a.org /a -", "a.org /a device", "- /a device", "- /a none")
        #expect(throws: RouteConflict(one: "a.org/a", other: "a.org/a")) { try router("a.org /a -", "A.org /a -") }
        #expect(throws: RouteConflict.self) { try router("- /a/{x} device", "- /a/{y} device") }
    }

    @Test(
        "What is no host is refused",
        arguments: ["", "*", "*.", "a..b", ".a", "a.*.b", "a.org:80", "a/b", "[::1]", "*a.org"])
    func noHost(text: String) {
        #expect(throws: HostPatternError.self) { try HostPattern(text) }
    }

    @Test("A gateway sends requests for one path to different places")
    func requests() async throws {
        try await RawServer.with(RawServer.echo) { server in
            var file = TestFile(port: server.port)
            file.routes = """
                  - path: /items/*
                    principal: device
                    upstream: service
                    body_limit: 1
                  - path: /items/*
                    host: status.example.org
                    answer: alive
                """
            try await TestGateway.with(file.load()) { gateway in
                func status(_ fields: String) async throws -> Int {
                    try await gateway.request(
                        "PUT /items/1 HTTP/1.1\r\n\(fields)\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
                    ).status
                }
                #expect(try await status("Host: lms\r\nX-API-Key: lms_dev_a") == 413)
                #expect(try await status("Host: lms\r\nAuthorization: Bearer lms_pat_a") == 200)
                let answer = try await gateway.request(
                    "GET /items/1 HTTP/1.1\r\nHost: status.example.org:8080\r\nConnection: close\r\n\r\n")
                #expect(answer.text == #"{"status":"up"}"#)
            }
        }
    }
}
