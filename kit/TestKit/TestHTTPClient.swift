import FoundationEssentials
import NIOHTTP1
import Synchronization

/// A client of one server that keeps connections open and sends the same headers with every request.
public struct TestHTTPClient: Sendable {
    public let host: String
    public let port: Int
    /// Sent with every request.
    public var headers: HTTPHeaders = [:]
    private let idle = IdleConnections()

    public init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }

    /// The same client, with a bearer token in every request.
    public func authorized(_ token: String) -> TestHTTPClient {
        var copy = self
        copy.headers.replaceOrAdd(name: "authorization", value: "Bearer \(token)")
        return copy
    }

    public func get(_ path: String, headers: HTTPHeaders = [:]) async throws -> TestHTTPResponse {
        try await send(.GET, path, headers: headers)
    }

    public func delete(_ path: String, headers: HTTPHeaders = [:]) async throws -> TestHTTPResponse {
        try await send(.DELETE, path, headers: headers)
    }

    public func post(
        _ path: String, _ json: JSONValue? = nil, headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        try await send(.POST, path, json: json, headers: headers)
    }

    public func put(_ path: String, _ json: JSONValue, headers: HTTPHeaders = [:]) async throws -> TestHTTPResponse {
        try await send(.PUT, path, json: json, headers: headers)
    }

    public func patch(_ path: String, _ json: JSONValue, headers: HTTPHeaders = [:]) async throws -> TestHTTPResponse {
        try await send(.PATCH, path, json: json, headers: headers)
    }

    /// Sends a form as a browser does.
    public func post(
        _ path: String, form: KeyValuePairs<String, String>, headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        let pairs = form.map { "\(percentEncode($0.key))=\(percentEncode($0.value))" }
        var headers = headers
        headers.replaceOrAdd(name: "content-type", value: "application/x-www-form-urlencoded")
        return try await send(.POST, path, headers: headers, body: Array(pairs.joined(separator: "&").utf8))
    }

    /// Sends a request with a JSON body.
    public func send(
        _ method: HTTPMethod, _ path: String, json: JSONValue?, headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        guard let json else { return try await send(method, path, headers: headers) }
        var headers = headers
        if !headers.contains(name: "content-type") { headers.add(name: "content-type", value: "application/json") }
        return try await send(method, path, headers: headers, body: Array(try JSONEncoder().encode(json)))
    }

    /// Sends a request, on a connection that was used before when there is one that is idle.
    ///
    /// - Parameter limit: Longer than the gateway waits for a service, so that its answer is seen then, too.
    /// - Throws: ``TestHTTPError``, ``TimedOut``, or an error of NIO. A request is never repeated by itself.
    public func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
        within limit: Duration = .seconds(60)
    ) async throws -> TestHTTPResponse {
        let connection = try await connection()
        do {
            let response = try await connection.send(
                method, path, headers: merged(headers), body: body, within: limit)
            await keepOrClose(connection, after: response)
            return response
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Sends a request whose answer is read piece by piece, on a connection of its own that `body` may leave as it is.
    public func withStream<Result>(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], hasBody: Bool = false,
        _ body: (TestHTTPExchange) async throws -> Result
    ) async throws -> Result {
        let connection = try await TestHTTPConnection.connect(host: host, port: port)
        do {
            let result = try await body(
                connection.begin(method, path, headers: merged(headers), hasBody: hasBody))
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    private func connection() async throws -> TestHTTPConnection {
        while let kept = idle.take() {
            if kept.isOpen { return kept }
        }
        return try await TestHTTPConnection.connect(host: host, port: port)
    }

    private func keepOrClose(_ connection: TestHTTPConnection, after response: TestHTTPResponse) async {
        if response.header("connection")?.lowercased() == "close" {
            await connection.close()
        } else {
            idle.put(connection)
        }
    }

    private func merged(_ more: HTTPHeaders) -> HTTPHeaders {
        var all = headers
        for name in Set(more.map { $0.name.lowercased() }) { all.remove(name: name) }
        all.add(contentsOf: more)
        return all
    }
}

/// Connections that wait for the next request.
private final class IdleConnections: Sendable {
    private let connections = Mutex<[TestHTTPConnection]>([])

    func take() -> TestHTTPConnection? {
        connections.withLock { $0.popLast() }
    }

    func put(_ connection: TestHTTPConnection) {
        connections.withLock { $0.append(connection) }
    }
}

/// `text` for a form or a query, where only unreserved characters (RFC 3986, section 2.3) stand for themselves.
public func percentEncode(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.map { byte in
        let scalar = UnicodeScalar(byte)
        if byte < 0x80, scalar.properties.isAlphabetic || "0123456789-._~".unicodeScalars.contains(scalar) {
            return String(scalar)
        }
        return "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
    }.joined()
}

/// An answer that a test cannot go on with.
public struct UnexpectedAnswer: Error {
    public let response: TestHTTPResponse

    public init(response: TestHTTPResponse) {
        self.response = response
    }
}
