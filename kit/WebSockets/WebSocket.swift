import NIOCore
import Synchronization

/// One client's WebSocket, on the server's side.
///
/// Whatever is sent waits in a buffer of bounded size. `trySend(_:)` refuses when it is full, for data that is better
/// conflated than queued; `send(_:)` waits, for answers that a client must get.
public final class WebSocket: Sendable {
    let channel: any Channel
    let configuration: WebSocketConfiguration
    let inbox: WebSocketInbox
    /// The handler in the channel's pipeline; nil before the upgrade and after the end.
    let handler: NIOLoopBoundBox<WebSocketHandler?>
    /// The sub-protocol agreed on.
    public let subprotocol: String?

    private let handedOver = Atomic<Int>(0)

    init(channel: any Channel, subprotocol: String?, configuration: WebSocketConfiguration) {
        self.channel = channel
        self.subprotocol = subprotocol
        self.configuration = configuration
        inbox = WebSocketInbox(capacity: configuration.inboundBufferSize)
        handler = .makeEmptyBox(eventLoop: channel.eventLoop)
    }

    /// The event loop that the socket lives on.
    public var eventLoop: any EventLoop { channel.eventLoop }

    /// What the client sends, in order; ends when the socket does. There may be one iterator only.
    public var messages: Messages { Messages(inbox: inbox) }

    /// Sends a frame if there is room in the buffer, and returns whether it did.
    public func trySend(_ frame: OutboundFrame) -> Bool {
        guard channel.isWritable, channel.isActive else { return false }
        // What has been handed to the event loop but not yet been written counts too.
        let waiting = handedOver.add(frame.size, ordering: .relaxed).newValue
        guard waiting <= configuration.outboundBufferSize || waiting == frame.size else {
            handedOver.subtract(frame.size, ordering: .relaxed)
            return false
        }
        eventLoop.execute { [self] in
            handedOver.subtract(frame.size, ordering: .relaxed)
            guard let handler = handler.value else { return }
            handler.write(frame)
            handler.flush()
        }
        return true
    }

    /// Sends a frame, waiting for room in the buffer if need be.
    public func send(_ frame: OutboundFrame) async throws(WebSocketClosed) {
        let isSent = eventLoop.flatSubmit { [self] in
            handler.value?.send(frame) ?? eventLoop.makeFailedFuture(WebSocketClosed())
        }
        do {
            try await isSent.get()
        } catch {
            throw WebSocketClosed()
        }
    }

    /// Closes the socket: sends a Close frame, waits for the client's, and ends the connection. Returns at once; a
    /// second call changes nothing.
    public func close(_ code: WebSocketCloseCode, reason: String = "") {
        eventLoop.execute { [self] in handler.value?.close(code, reason: reason) }
    }

    /// What the client sends, in order.
    public struct Messages: AsyncSequence, AsyncIteratorProtocol, Sendable {
        fileprivate let inbox: WebSocketInbox

        public func makeAsyncIterator() -> Messages { self }

        public func next() async -> WebSocketMessage? {
            await inbox.next()
        }
    }
}

/// The socket is closed, or closing.
public struct WebSocketClosed: Error {}
