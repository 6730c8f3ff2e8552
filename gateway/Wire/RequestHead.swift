/// A request's line and fields, as places in the bytes that they came in.
///
/// One value serves all requests of a connection, so that parsing allocates nothing.
struct RequestHead {
    /// Nil for a method that the gateway does not know.
    var method: HTTPMethod?
    var methodName = 0..<0
    /// The path as it came; empty for an absolute-form target without one, which means `/`.
    var path = 0..<0
    /// The query as it came, with its `?`.
    var query = 0..<0
    /// The minor version: HTTP/1.0 or HTTP/1.1.
    var minorVersion = 1
    var fields: [FieldLine] = []

    var framing = BodyFraming.none
    var host: Range<Int>?
    /// Names in `Connection` beyond the usual: their fields are about this connection only.
    var connectionOptions: [Range<Int>] = []
    var closes = false
    var keepsAlive = false
    /// Asks for WebSocket with both fields that this takes (RFC 6455 §4.1).
    var upgradesToWebSocket = false
    var expectsContinue = false
    var hasIdempotencyKey = false
    var requestID: Range<Int>?
    /// Empty when there are several, of which none can be believed.
    var traceparent: Range<Int>?
    var authorization: Range<Int>?
    var apiKey: Range<Int>?
    var sessionCookie: Range<Int>?

    /// Whether the client will send another request on this connection (RFC 9112 §9.3).
    var persists: Bool { minorVersion == 1 ? !closes : keepsAlive && !closes }

    mutating func reset() {
        var fields = fields
        var options = connectionOptions
        fields.removeAll(keepingCapacity: true)
        options.removeAll(keepingCapacity: true)
        self = RequestHead(fields: fields, connectionOptions: options)
    }
}
