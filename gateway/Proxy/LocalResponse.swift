import HTTPWire
import Identity
import NIOCore

/// An answer that the gateway gives itself.
struct LocalResponse: Sendable {
    var status: Int
    var contentType: String
    /// Fields beside those that every answer has.
    var fields: [(name: String, value: String)] = []
    var body: ByteBuffer
    /// The body for those who take gzip; nil where there is none.
    private(set) var gzipped: ByteBuffer?

    init(status: Int = 200, contentType: String, fields: [(name: String, value: String)] = [], body: ByteBuffer) {
        self.status = status
        self.contentType = contentType
        self.fields = fields
        self.body = body
    }

    /// The same with its body as gzip beside, if that is smaller: for what is made once and sent often. It must hold nothing
    /// secret, as its size tells of it.
    func withGzip() -> LocalResponse {
        guard body.readableBytes > Self.gzipThreshold, let compressor = try? GzipCompressor() else { return self }
        var response = self
        let gzipped = compressor.compress(body, finish: true)
        if gzipped.readableBytes < body.readableBytes { response.gzipped = gzipped }
        return response
    }

    /// Bytes; what is smaller fits into the packet of its head.
    private static let gzipThreshold = 1024

    /// A problem document (RFC 9457).
    ///
    /// - Parameters:
    ///   - instance: the request's path, without secrets.
    ///   - requestID: as it stands in `X-Request-ID`.
    init(_ refusal: Refusal, instance: ByteBuffer, requestID: ByteBuffer) {
        var body = ByteBuffer()
        body.writeStaticString(#"{"type":"about:blank","title":""#)
        body.writeStaticString(HTTPStatus.reason(refusal.status))
        body.writeStaticString(#"","status":"#)
        body.writeDecimal(refusal.status)
        body.writeStaticString(#","detail":"#)
        body.writeJSONString(refusal.detail)
        if instance.readableBytes > 0 {
            body.writeStaticString(#","instance":"#)
            body.writeJSONString(instance.readableBytesUInt8Span)
        }
        body.writeStaticString(#","request_id":"#)
        body.writeJSONString(requestID.readableBytesUInt8Span)
        body.writeStaticString("}")
        self.init(status: refusal.status, contentType: "application/problem+json", body: body)
        if let seconds = refusal.retryAfter { fields.append(("Retry-After", String(seconds))) }
        if case .tlsRequired(let location) = refusal { fields.append(("Location", location)) }
        if case .unauthorized = refusal { fields.append(("WWW-Authenticate", AuthenticationFailure.challenge)) }
        if case .rangeNotSatisfiable(let length) = refusal { fields.append(("Content-Range", "bytes */\(length)")) }
        if case .methodNotAllowed(let methods) = refusal { fields.append(("Allow", methods.list)) }
    }
}

extension HTTPMethods {
    /// The methods as they stand in `Allow` (RFC 9110 §10.2.1).
    var list: String {
        HTTPMethod.allCases.filter { contains(HTTPMethods($0)) }.map(\.name).joined(separator: ", ")
    }
}
