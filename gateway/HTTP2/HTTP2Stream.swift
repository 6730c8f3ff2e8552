import HTTPWire
import NIOCore
import NIOHTTP2

/// One stream of an HTTP/2 connection, as the ``ClientConnection`` behind it sees it: a connection of HTTP/1.1 with one
/// request.
///
/// END_STREAM is sent when the client connection closes its side, and a stream that is closed before is reset, so that
/// half a response is not taken for a whole.
final class HTTP2Stream: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Request {
        case head
        case content(isChunked: Bool)
        case ended

        var hasEnded: Bool { if case .ended = self { true } else { false } }
    }

    private var request = Request.head
    private var isHead = false
    private var response = ResponseTranslation()
    /// Whether the response is whole or given up.
    private var hasEnded = false

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), request) {
        case (.headers(let frame), .head): receive(frame, context)
        case (.headers(let frame), .content(let isChunked)) where frame.endStream:
            do {
                var trailers = ByteBuffer()
                try RequestTranslation.write(trailers: frame.headers, into: &trailers)
                end(isChunked, ByteBuffer(), trailers: trailers, context)
            } catch {
                request = .ended
                reset(.protocolError, context)
            }
        case (.data(let frame), .content(let isChunked)): receive(frame, isChunked, context)
        default: break
        }
    }

    private func receive(_ frame: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) {
        var translation = RequestTranslation()
        var bytes = context.channel.allocator.buffer(capacity: 1024)
        do {
            let isChunked = try translation.write(frame.headers, endsStream: frame.endStream, into: &bytes)
            request = frame.endStream ? .ended : .content(isChunked: isChunked)
            isHead = translation.method == "HEAD"
            context.fireChannelRead(wrapInboundOut(bytes))
        } catch {
            request = .ended
            reset(.protocolError, context)
        }
    }

    private func receive(
        _ frame: HTTP2Frame.FramePayload.Data, _ isChunked: Bool, _ context: ChannelHandlerContext
    ) {
        guard case .byteBuffer(let content) = frame.data else { return }
        var bytes = content
        if isChunked {
            bytes = context.channel.allocator.buffer(capacity: content.readableBytes + 16)
            if content.readableBytes > 0 { bytes.writeChunk(content) }
        }
        if frame.endStream {
            end(isChunked, bytes, context)
        } else if bytes.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(bytes))
        }
    }

    /// - Parameter trailers: fields, each with its CR LF; dropped where HTTP/1.1 has no place for them.
    private func end(
        _ isChunked: Bool, _ bytes: ByteBuffer, trailers: ByteBuffer = ByteBuffer(), _ context: ChannelHandlerContext
    ) {
        request = .ended
        var bytes = bytes
        if isChunked {
            bytes.writeStaticString("0\r\n")
            bytes.writeImmutableBuffer(trailers)
            bytes.writeStaticString("\r\n")
        }
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
    }

    // MARK: The response

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        do {
            while !hasEnded, let frame = try response.next(&bytes, isHead: isHead) {
                context.write(wrapOutboundOut(frame), promise: nil)
            }
            promise?.succeed()
        } catch {
            promise?.fail(error)
            reset(.internalError, context)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch (mode, response.end) {
        case (_, _) where hasEnded: context.close(mode: mode, promise: promise)
        case (.output, let frame?):
            finish(frame, context)
            promise?.succeed()
        default:
            reset(.internalError, context)
            promise?.succeed()
        }
    }

    /// Sends the last frame. A client that still sends is told then that nobody wants the rest (RFC 9113 §8.1).
    private func finish(_ frame: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
        hasEnded = true
        guard !request.hasEnded else { return context.writeAndFlush(wrapOutboundOut(frame), promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.reset(.noError, context) }
        context.writeAndFlush(wrapOutboundOut(frame), promise: written)
    }

    private func reset(_ code: HTTP2ErrorCode, _ context: ChannelHandlerContext) {
        hasEnded = true
        context.writeAndFlush(wrapOutboundOut(.rstStream(code)), promise: nil)
    }
}
