import Foundation
import Identity
import NIOCore
import Synchronization
import TestKit

@testable import Gateway

/// A service of a test's own that also publishes the keys of the test's issuer, as auth does.
struct IssuingServer: Sendable {
    let issuer: TestIssuer
    let port: Int
    private let seen: Seen

    private final class Seen: Sendable {
        let paths = Mutex<[String]>([])
    }

    /// Requests that have come for `path`.
    func requests(for path: String) -> Int { seen.paths.withLock { $0.count { $0 == path } } }

    /// - Parameter publishes: whether the keys can be had.
    static func with<Result: Sendable>(
        publishes: Bool = true, _ body: @escaping @Sendable (IssuingServer) async throws -> Result
    ) async throws -> Result {
        let issuer = try await TestIssuer.shared()
        let set = JSONWebKeySet(keys: [issuer.publicKey])
        let keys = String(decoding: try JSONEncoder().encode(set), as: UTF8.self)
        let seen = Seen()
        return try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                let path = request.startLine.split(separator: " ").dropFirst().first.map(String.init) ?? ""
                seen.paths.withLock { $0.append(path) }
                let asksForKeys = path == "/.well-known/jwks.json"
                let text = asksForKeys ? keys : "{}"
                let status = asksForKeys && !publishes ? "500 Internal Server Error" : "200 OK"
                try await connection.send(
                    "HTTP/1.1 \(status)\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            }
        } _: { server in
            try await body(IssuingServer(issuer: issuer, port: server.port, seen: seen))
        }
    }

    /// A gateway's file that has tokens checked.
    func file() -> TestFile {
        var file = TestFile(port: port)
        file.settings = "tokens:\n  issuer: service"
        file.routes = """
              - path: /open
                upstream: service
                check_tokens: false
            """
        return file
    }

    /// A token for nobody in particular.
    func token(lifetime: TimeInterval = 900) async throws -> String {
        try await issuer.token(in: .v7(), as: .member, lifetime: lifetime)
    }

    /// A token that somebody else signed, though it names the issuer's key.
    func forged() async throws -> String {
        var parts = try await token().split(separator: ".").map(String.init)
        parts[2] = try await String(token().split(separator: ".")[2])
        return parts.joined(separator: ".")
    }
}

extension TestGateway {
    /// Sends a GET with a field more.
    func get(_ path: String, _ field: String) async throws -> RawMessage {
        try await request("GET \(path) HTTP/1.1\r\nHost: lms\r\n\(field)\r\nConnection: close\r\n\r\n")
    }

    func get(_ path: String, bearer token: String) async throws -> RawMessage {
        try await get(path, "Authorization: Bearer \(token)")
    }

    /// Returns when forged tokens are refused, so that the issuer's keys are known here.
    func knowsKeys(of server: IssuingServer) async throws {
        let forged = try await server.forged()
        try await eventually { try await get("/repeatable", bearer: forged).status == 401 }
    }
}
