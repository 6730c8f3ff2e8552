import HTTPWire
import NIOCore
import NIOHTTP2

extension ChannelPipeline.SynchronousOperations {
    /// Speaks HTTP/2 on a connection, and serves each of its streams with a ``ClientConnection``.
    ///
    /// Beyond what is set here, the protocol's own limits hold: 200 RST_STREAM, 200 PING, SETTINGS and PRIORITY together
    /// and 200 streams with errors in 30 s, 5 CONTINUATION for a head, and no stream beyond the limit, which is 100 for a
    /// client that has not taken note of another. A connection that passes them is ended.
    ///
    /// - Parameters:
    ///   - streamLimit: requests under way at once.
    ///   - headLimits: beyond these a request is answered 431; a head that is far beyond ends the connection.
    func addHTTP2(
        for connection: SecureConnection, streamLimit: Int, headLimits: HeadLimits, on loop: any EventLoop
    ) throws {
        var settings = NIOHTTP2Handler.ConnectionConfiguration()
        settings.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streamLimit),
            // Each field counts for 32 bytes more than it has (RFC 9113 §6.5.2).
            HTTP2Setting(parameter: .maxHeaderListSize, value: headLimits.head + 32 * headLimits.fields),
        ]
        // What a client has sent before it hears of a reset is passed over for so many streams; beyond them it would end
        // the connection.
        settings.maximumRecentlyResetStreams = max(32, 2 * streamLimit)
        // Streams with errors are counted over the whole life of a connection, too, which would end one that another proxy
        // keeps for weeks over a bad request now and then. What comes in 30 s bounds a flood without that.
        settings.maximumConnectionGlitches = .max
        var streams = NIOHTTP2Handler.StreamConfiguration()
        streams.outboundBufferSizeHighWatermark = ClientConnection.bufferLimit
        streams.outboundBufferSizeLowWatermark = ClientConnection.bufferLimit / 2
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: loop, configuration: .init(maxIdleTime: nil, maxAge: nil, maxGraceTime: nil, keepalive: nil))
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let handler = NIOHTTP2Handler(
            mode: .server, eventLoop: loop, connectionConfiguration: settings, streamConfiguration: streams,
            streamDelegate: management.http2StreamDelegate
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                let connection = bound.value
                let stream = channel.pipeline.syncOperations
                try stream.addHandler(HTTP2Stream())
                try stream.addHandler(
                    ClientConnection(
                        worker: connection.worker, site: connection.site, carrier: connection, isStream: true))
            }
        }
        try addHandler(ConnectionErrorWatch())
        try addHandler(handler)
        try addHandler(management)
    }
}

/// Closes a connection on which GOAWAY tells of an error: all that its client could send from then on is noise
/// (RFC 9113 §5.4.1).
///
/// The handler of the protocol writes that frame by itself, and leaves the closing to others, whom it tells of errors of
/// a stream in the same way. So this one reads what is written, frame by frame.
final class ConnectionErrorWatch: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let headerLength = 9
    private static let goAway: UInt8 = 0x7

    /// Bytes of the frame under way that are still to come.
    private var remaining = 0
    private var hasFailed = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        follow(unwrapOutboundIn(data))
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        guard hasFailed else { return }
        hasFailed = false
        // Later, as the handler is in the midst of its own work.
        context.eventLoop.assumeIsolated().execute { context.close(promise: nil) }
    }

    /// A frame's header stands in one buffer with what follows it, but for the payload of DATA.
    private func follow(_ bytes: ByteBuffer) {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            if remaining > 0 {
                let count = min(remaining, bytes.readableBytes)
                bytes.moveReaderIndex(forwardBy: count)
                remaining -= count
                continue
            }
            guard bytes.readableBytes >= Self.headerLength, let word = bytes.readInteger(as: UInt32.self) else {
                return
            }
            bytes.moveReaderIndex(forwardBy: Self.headerLength - 4)
            remaining = Int(word >> 8)
            // The last stream comes first, then the code.
            let code = bytes.getInteger(at: bytes.readerIndex + 4, as: UInt32.self)
            if UInt8(truncatingIfNeeded: word) == Self.goAway, let code, code != 0 { hasFailed = true }
        }
    }
}
