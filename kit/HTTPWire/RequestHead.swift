/// A request's line and fields, as places in the bytes that they came in.
///
/// One value serves all requests of a connection, so that parsing allocates nothing.
public struct RequestHead: Sendable {
    /// Nil for a method without routes.
    public var method: HTTPMethod?
    public var methodName = 0..<0
    /// The path as it came; empty for an absolute-form target without one, which means `/`.
    public var path = 0..<0
    /// The query as it came, with its `?`.
    public var query = 0..<0
    /// The minor version: HTTP/1.0 or HTTP/1.1.
    public var minorVersion = 1
    public var fields: [FieldLine] = []

    public var framing = BodyFraming.none
    public var host: Range<Int>?
    /// Names in `Connection` beyond the usual: their fields are about this connection only.
    public var connectionOptions: [Range<Int>] = []
    public var closes = false
    public var keepsAlive = false
    /// Asks for WebSocket with both fields that this takes (RFC 6455 §4.1).
    public var upgradesToWebSocket = false
    public var expectsContinue = false
    public var hasIdempotencyKey = false
    public var requestID: Range<Int>?
    /// Empty when there are several, of which none can be believed.
    public var traceparent: Range<Int>?
    public var authorization: Range<Int>?
    public var apiKey: Range<Int>?
    public var sessionCookie: Range<Int>?

    /// Whether the client will send another request on this connection (RFC 9112 §9.3).
    public var persists: Bool { minorVersion == 1 ? !closes : keepsAlive && !closes }

    public init() {}

    /// Forgets everything but the room for fields.
    public mutating func reset() {
        var fresh = RequestHead()
        swap(&fresh.fields, &fields)
        swap(&fresh.connectionOptions, &connectionOptions)
        fresh.fields.removeAll(keepingCapacity: true)
        fresh.connectionOptions.removeAll(keepingCapacity: true)
        self = fresh
    }
}
