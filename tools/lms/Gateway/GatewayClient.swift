import FoundationEssentials
import HTTPTypes
import Outbound

/// The part of the public API that the tool speaks.
struct GatewayClient: Sendable {
    /// The gateway, without a slash at its end.
    let url: String
    private let http: HTTPClient

    init(url: String, http: HTTPClient = HTTPClient()) {
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
        _ method: HTTPRequest.Method, _ path: String, body: some Encodable, options: Options = Options()
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
    func call(_ method: HTTPRequest.Method, _ path: String, body: some Encodable, options: Options) async throws {
        _ = try await send(method, path, body: Array(try JSONEncoder().encode(body)), options: options)
    }

    private func decode<Answer: Decodable>(_ body: [UInt8], from path: String) throws -> Answer {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else {
            throw GatewayError.malformed(path: path)
        }
        return answer
    }

    private func send(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8]?, options: Options
    ) async throws -> [UInt8] {
        var request = HTTPClient.Request(method: method, url: url + path, body: body)
        request.timeout = options.deadline
        request.headers[.accept] = "application/json"
        if body != nil { request.headers[.contentType] = "application/json" }
        if let token = options.token { request.headers[.authorization] = "Bearer \(token)" }
        if let key = options.idempotencyKey { request.headers[.idempotencyKey] = key }
        let response: HTTPClient.Response
        do {
            response = try await http.execute(request)
        } catch let error as TransferError {
            throw GatewayError.unreachable(url: url, reason: "\(error)")
        }
        guard response.status.kind == .successful else {
            let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body))
            throw GatewayError.refused(
                status: response.status.code, detail: problem?.sentence ?? response.status.reasonPhrase,
                retryAfter: response.headers[.retryAfter].flatMap { Double($0) })
        }
        return response.body
    }
}

extension HTTPField.Name {
    fileprivate static var idempotencyKey: HTTPField.Name {
        guard let name = HTTPField.Name("Idempotency-Key") else { preconditionFailure("a valid header name") }
        return name
    }
}
