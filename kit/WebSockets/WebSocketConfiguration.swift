/// The limits of a WebSocket. Sizes are in bytes of payload.
public struct WebSocketConfiguration: Sendable {
    /// The largest frame a client may send; a larger one closes with 1009.
    public var maximumFrameSize = 65_536
    /// The largest message, over all its frames.
    public var maximumMessageSize = 65_536
    /// How many bytes may wait to be sent; above, the socket is not writable until half of them have gone.
    public var outboundBufferSize = 65_536
    /// How many bytes of messages may wait to be taken; above, nothing more is read of the client.
    public var inboundBufferSize = 16_384
    /// After how long a silence the client is pinged.
    public var pingInterval: Duration = .seconds(30)
    /// After how long a silence it is given up, with 4408: two pings unanswered, say.
    public var idleTimeout: Duration = .seconds(75)
    /// How long the client may take to answer a Close frame.
    public var closeTimeout: Duration = .seconds(5)

    public init() {}
}
