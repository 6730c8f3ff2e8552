import HTTPWire
import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("Proxies in front of the gateway")
struct TrustedProxiesTests {
    private static func origin(_ fields: [String], from peer: String = "10.0.0.1") throws -> ClientOrigin {
        let proxies = TrustedProxies(ranges: ["10.0.0.0/8", "2001:db8:1::/48"].compactMap { AddressRange($0) })
        var parser = RequestParser(limits: HeadLimits())
        var head = RequestHead()
        let lines = (["GET / HTTP/1.1", "Host: lms"] + fields).map { $0 + "\r\n" }.joined()
        let bytes = Array((lines + "\r\n").utf8)
        _ = try parser.parse(bytes.span, into: &head)
        let address = try SocketAddress(ipAddress: peer, port: 1234)
        return proxies.origin(of: head, bytes.span, behind: ClientOrigin(address, scheme: "http"))
    }

    @Test(
        "The client is the last in X-Forwarded-For who is none of them",
        arguments: [
            (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
            (["x-forwarded-for: 198.51.100.7, 192.0.2.1"], "192.0.2.1"),
            (["X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 192.0.2.1 , 10.1.2.3,"], "192.0.2.1"),
            (["X-Forwarded-For: 198.51.100.7, 192.0.2.1", "X-Forwarded-For: 10.1.2.3"], "192.0.2.1"),
            (["X-Forwarded-For: 10.1.2.3, 10.9.9.9"], "10.1.2.3"),
            (["X-Forwarded-For: 192.0.2.1:443"], "192.0.2.1"),
            (["X-Forwarded-For: ::ffff:192.0.2.1"], "192.0.2.1"),
            (["X-Forwarded-For: 2001:db8::7, 2001:db8:1::1"], "2001:db8::7"),
            (["X-Forwarded-For: [2001:db8::7]:443"], "2001:db8::7"),
            (["X-Forwarded-For: [2001:db8::7]"], "2001:db8::7"),
            // Nothing that is an address: the proxy asks for itself, or the last that it named.
            ([], "10.0.0.1"), (["X-Forwarded-For: unknown"], "10.0.0.1"), (["X-Forwarded-For: ,"], "10.0.0.1"),
            (["X-Forwarded-For: 192.0.2.1, unknown, 10.1.2.3"], "10.1.2.3"),
            (["X-Forwarded-For: 192.0.2.1:x"], "10.0.0.1"), (["X-Forwarded-For: [2001:db8::7"], "10.0.0.1"),
            (["X-Forwarded-For: 192.0.2.1.5"], "10.0.0.1"), (["X-Forwarded-For: localhost"], "10.0.0.1"),
            (["X-Forwarded-For: [192.0.2.1]443"], "10.0.0.1"),
            // Only one field is gone by: clients can send the others by a proxy that does not know them.
            (["Forwarded: for=192.0.2.1", "X-Real-IP: 192.0.2.1"], "10.0.0.1"),
        ])
    func client(fields: [String], address: String) throws {
        #expect(try Self.origin(fields).address == address)
    }

    @Test(
        "How the client came is what the last of them says, if it says it",
        arguments: [
            ([], false), (["X-Forwarded-Proto: https"], true), (["x-forwarded-proto: HTTPS"], true),
            (["X-Forwarded-Proto: http, https"], true),
            (["X-Forwarded-Proto: https", "X-Forwarded-Proto: http"], false),
            (["X-Forwarded-Proto: ftp"], false),
        ])
    func scheme(fields: [String], isSecure: Bool) throws {
        #expect(try Self.origin(fields).isSecure == isSecure)
    }

    private static func fields(of request: String, _ gateway: TestGateway) async throws -> [String] {
        let lines = try await gateway.request("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\(request)\r\n").text
        return lines.split(separator: "\n").map(String.init).filter { $0.lowercased().contains("forwarded") }
    }

    /// A service that answers with the fields that it got.
    private static func withFields(
        clients: String, _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        try await RawServer.with { connection, _ in
            while true {
                let text = try await connection.message().fields.map { "\($0.name): \($0.value)\n" }.joined()
                try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            }
        } _: { server in
            var file = TestFile(port: server.port)
            file.clients = clients
            file.limits.address = 2
            file.limitRate = 0.01
            try await TestGateway.with(file.load(), body)
        }
    }

    @Test("Services are told of whom a trusted proxy names, and each such client is counted by itself")
    func trusted() async throws {
        try await Self.withFields(clients: "  trusted_proxies: [127.0.0.0/8]\n  connections_per_address: 1") {
            gateway in
            let told = try await Self.fields(
                of: "X-Forwarded-For: 2001:db8::7\r\nX-Forwarded-Proto: https\r\nForwarded: for=evil\r\n", gateway)
            #expect(
                told == [
                    #"forwarded: for="[2001:db8::7]";proto=https"#, "x-forwarded-for: 2001:db8::7",
                    "x-forwarded-proto: https", "x-forwarded-host: lms",
                ])
            // A proxy has as many connections as it wants, and uses each for many clients.
            try await gateway.connect { other in
                try await other.send("GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n")
                #expect(try await other.message().status == 200)
                try await gateway.connect { connection in
                    for (client, status) in [("1", 200), ("1", 200), ("1", 429), ("2", 200), ("2", 200), ("2", 429)] {
                        try await connection.send(
                            "GET /items/1 HTTP/1.1\r\nHost: lms\r\nX-Forwarded-For: 192.0.2.\(client)\r\n\r\n")
                        #expect(try await connection.message().status == status)
                    }
                }
            }
        }
    }

    @Test("What anybody else says of a client is dropped")
    func untrusted() async throws {
        try await Self.withFields(clients: "  trusted_proxies: 10.0.0.0/8, 192.0.2.1") { gateway in
            let told = try await Self.fields(of: "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n", gateway)
            #expect(
                told == [
                    "forwarded: for=127.0.0.1;proto=http", "x-forwarded-for: 127.0.0.1", "x-forwarded-proto: http",
                    "x-forwarded-host: lms",
                ])
        }
    }

    @Test("Maintenance lets those addresses pass that a trusted proxy names")
    func maintenance() async throws {
        try await RawServer.with(RawServer.echo) { server in
            var file = TestFile(port: server.port)
            file.clients = "  trusted_proxies: [127.0.0.1]"
            file.settings = "maintenance: {enabled: true, allow: [192.0.2.1]}"
            try await TestGateway.with(file.load()) { gateway in
                for (client, status) in [("192.0.2.1", 200), ("192.0.2.2", 503)] {
                    let answer = try await gateway.request(
                        "GET /items/1 HTTP/1.1\r\nHost: lms\r\nX-Forwarded-For: \(client)\r\n\r\n")
                    #expect(answer.status == status)
                }
            }
        }
    }

    @Test("Who came to a trusted proxy by TLS is not sent to do so again")
    func redirect() async throws {
        func edit(_ file: inout TestFile) {
            file.tls = "      redirect: 443"
            file.clients = "  trusted_proxies: [127.0.0.1]"
        }
        try await HTTP2Gateway.with(edit: edit) { gateway in
            for (scheme, status) in [("https", 200), ("http", 308)] {
                let answer = try await gateway.request(
                    "GET /items/1 HTTP/1.1\r\nHost: lms\r\nX-Forwarded-Proto: \(scheme)\r\n\r\n")
                #expect(answer.status == status)
            }
        }
    }
}
