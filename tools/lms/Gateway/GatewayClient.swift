import FoundationEssentials
import HTTPClient

/// The part of the public API that the tool speaks.
struct GatewayClient: Sendable {
    /// The gateway, without a slash at its end.
    let url: String
    private let http: HTTPClient

    init(url: String, http: HTTPClient) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.http = http
    }

    /// Who a request comes from, and what more it carries.
    struct Options: Sendable {
        var token: String?
        var idempotencyKey: String?
        var deadline = Duration.seconds(10)
    }

    /// Sends `body` as JSON and reads the answer as `Answer`.
    ///
    /// - Throws: ``GatewayError``.
    func call<Answer: Decodable>(
        _ method: HTTPMethod, _ path: String, body: some Encodable, options: Options = Options()
    ) async throws -> Answer {
        let data = try await send(method, path, body: Array(try JSONEncoder().encode(body)), options: options)
        return try decode(data, from: path)
    }

    /// Asks for `path` and reads the answer as `Answer`.
    ///
    /// - Throws: ``GatewayError``.
    func get<Answer: Decodable>(_ path: String, options: Options = Options()) async throws -> Answer {
        try decode(try await send(.get, path, body: nil, options: options), from: path)
    }

    /// Sends `body` as JSON; only whether it was taken counts.
    ///
    /// - Throws: ``GatewayError``.
    func call(_ method: HTTPMethod, _ path: String, body: some Encodable, options: Options) async throws {
        _ = try await send(method, path, body: Array(try JSONEncoder().encode(body)), options: options)
    }

    private func decode<Answer: Decodable>(_ body: [UInt8], from path: String) throws -> Answer {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else {
            throw GatewayError.malformed(path: path)
        }
        return answer
    }

    private func send(_ method: HTTPMethod, _ path: String, body: [UInt8]?, options: Options) async throws -> [UInt8] {
        var headers = [("Accept", "application/json")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        if let token = options.token { headers.append(("Authorization", "Bearer \(token)")) }
        if let key = options.idempotencyKey { headers.append(("Idempotency-Key", key)) }
        let response: HTTPResponse
        do {
            response = try await http.execute(
                HTTPRequest(
                    method: method, url: url + path, headers: headers, body: body ?? [], deadline: options.deadline))
        } catch {
            throw GatewayError.unreachable(url: url, reason: "\(error)")
        }
        guard (200..<300).contains(response.status) else {
            let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body))
            throw GatewayError.refused(
                status: response.status, detail: problem?.sentence ?? "no reason given",
                retryAfter: response.header("Retry-After").flatMap { Double($0) })
        }
        return response.body
    }
}
