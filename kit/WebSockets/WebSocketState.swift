import NIOCore
import NIOWebSocket

/// The life of a WebSocket: open, closing with a Close frame sent, ended. Takes events, answers what to do.
struct WebSocketState {
    enum Action: Equatable {
        case none
        case deliver(WebSocketMessage)
        case ping
        case pong(ByteBuffer)
        /// Send a Close frame (without a code: nil) and wait for the client's.
        case close(WebSocketCloseCode?, reason: String)
        /// Send a Close frame, then end the connection.
        case closeAndDisconnect(WebSocketCloseCode?)
        case disconnect
    }

    private enum Phase {
        case open
        case closing
        case ended
    }

    private let pingInterval: Duration
    private let idleTimeout: Duration
    private var assembler: MessageAssembler
    private var phase = Phase.open
    private var lastHeard: ContinuousClock.Instant

    init(_ configuration: WebSocketConfiguration, at now: ContinuousClock.Instant) {
        pingInterval = configuration.pingInterval
        idleTimeout = configuration.idleTimeout
        assembler = MessageAssembler(maximumSize: configuration.maximumMessageSize)
        lastHeard = now
    }

    var isOpen: Bool { phase == .open }

    mutating func receive(_ frame: WebSocketFrame, at now: ContinuousClock.Instant) -> Action {
        lastHeard = now
        guard phase != .ended else { return .none }
        let result = assembler.receive(frame)
        if phase == .closing {
            // Section 1.4: what the client sends after our Close frame is discarded, until its own.
            if case .close = result { return end(.disconnect) }
            if case .violation = result { return end(.disconnect) }
            return .none
        }
        switch result {
        case .incomplete, .pong: return .none
        case .message(let message): return .deliver(message)
        case .ping(let payload): return .pong(payload)
        case .close(let code): return end(.closeAndDisconnect(code))
        case .violation(let code): return end(.closeAndDisconnect(code))
        }
    }

    /// The bytes received are no frames.
    mutating func fail(_ code: WebSocketCloseCode) -> Action {
        switch phase {
        case .open: end(.closeAndDisconnect(code))
        case .closing: end(.disconnect)
        case .ended: .none
        }
    }

    /// The server wants to close.
    mutating func close(_ code: WebSocketCloseCode, reason: String) -> Action {
        guard phase == .open else { return .none }
        phase = .closing
        return .close(code, reason: reason)
    }

    /// The client has not answered the Close frame in time, or has closed its side of the connection.
    mutating func disconnect() -> Action {
        phase == .ended ? .none : end(.disconnect)
    }

    /// A ping interval has passed.
    mutating func tick(at now: ContinuousClock.Instant) -> Action {
        guard phase == .open else { return .none }
        let silence = lastHeard.duration(to: now)
        if silence >= idleTimeout { return close(.idle, reason: "idle") }
        return silence >= pingInterval ? .ping : .none
    }

    private mutating func end(_ action: Action) -> Action {
        phase = .ended
        return action
    }
}
