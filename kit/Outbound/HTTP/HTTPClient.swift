import HTTPTypes

/// Sends HTTP requests through libcurl on the reactor, and keeps connections open for the next request.
///
/// It speaks http and https alone, verifies certificates against the system's authorities, follows no redirect, and
/// uses no proxy.
public final class HTTPClient: Sendable {
    private let engine = TransferEngine()

    public init() {}

    /// Sends a request and waits for its whole response, of any status.
    ///
    /// - Throws: ``TransferError``; `CancellationError` as soon as the task is cancelled, which ends the transfer.
    public func execute(_ request: Request) async throws -> Response {
        try Task.checkCancellation()
        let transfer = try Transfer(http: request)
        let code = try await engine.perform(transfer)
        if request.acceptsPartialBody, transfer.hasFinalHeader { return transfer.response }
        try transfer.check(code)
        return transfer.response
    }
}

extension HTTPClient {
    public struct Request: Sendable {
        public var method: HTTPRequest.Method
        public var url: String
        public var headers: HTTPFields
        /// Nil sends no body, and `Content-Length: 0` with the methods that are expected to have one.
        public var body: [UInt8]?
        /// The longest time for everything, from the name's resolution to the last byte.
        public var timeout: Duration = .seconds(10)
        /// The longest time to resolve the name, connect and agree on TLS.
        public var connectTimeout: Duration = .seconds(3)
        /// The largest body that is accepted.
        public var maximumResponseBytes = 1 << 20
        /// Whether a response counts as soon as its header is complete: then what of its body is too large, or not
        /// there in time, is cut off instead of failing the exchange.
        public var acceptsPartialBody = false
        public var addressPolicy = AddressPolicy.any

        public init(
            method: HTTPRequest.Method = .get, url: String, headers: HTTPFields = [:], body: [UInt8]? = nil
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
        }
    }

    public struct Response: Sendable, Hashable {
        public let status: HTTPResponse.Status
        public let headers: HTTPFields
        public let body: [UInt8]
    }
}
