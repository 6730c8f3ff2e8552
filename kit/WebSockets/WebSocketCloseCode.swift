/// Why a WebSocket is closed (RFC 6455 section 7.4); 4000 and above are this platform's own.
public struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static let normal = WebSocketCloseCode(rawValue: 1000)
    public static let goingAway = WebSocketCloseCode(rawValue: 1001)
    public static let protocolError = WebSocketCloseCode(rawValue: 1002)
    public static let unsupportedData = WebSocketCloseCode(rawValue: 1003)
    /// Text that is not UTF-8.
    public static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
    public static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    public static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
    public static let internalError = WebSocketCloseCode(rawValue: 1011)
    /// The server shuts down; the client may come back at once, to another instance.
    public static let serviceRestart = WebSocketCloseCode(rawValue: 1012)
    public static let notAuthenticated = WebSocketCloseCode(rawValue: 4401)
    public static let notAllowed = WebSocketCloseCode(rawValue: 4403)
    /// Nothing was heard of the client, not even an answer to a ping.
    public static let idle = WebSocketCloseCode(rawValue: 4408)
    public static let tooMany = WebSocketCloseCode(rawValue: 4429)

    /// Whether a peer may send this code in a Close frame.
    var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
