import Hummingbird
import NIOCore

extension Request {
    /// The 101 response that turns this request's connection into a WebSocket, and has the server's `WebSocketTasks`
    /// run `handler` for as long as it lives. A route calls it after it has decided whom to let in.
    ///
    /// When the handler returns the socket is closed with 1000, when it throws with 1011.
    ///
    /// - Parameters:
    ///   - channel: The connection the request came on, made by `HTTPServerBuilder.http1WithWebSockets`.
    ///   - subprotocols: Those spoken, the best first.
    /// - Throws: `HTTPError` 400 or 426 when the request is no proper opening handshake.
    public func upgradeToWebSocket(
        on channel: any Channel, subprotocols: [String] = ["lms.v1"],
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        handler: @escaping @Sendable (WebSocket) async throws -> Void
    ) async throws -> Response {
        let handshake: WebSocketHandshake
        do {
            handshake = try WebSocketHandshake(accepting: head, subprotocols: subprotocols)
        } catch {
            throw HTTPError(error)
        }
        let socket = WebSocket(channel: channel, subprotocol: handshake.subprotocol, configuration: configuration)
        let acceptance = UpgradeHandler.Acceptance(socket: socket, handler: handler)
        try await channel.triggerUserOutboundEvent(acceptance).get()
        let body = ResponseBody { _ in throw ConnectionUpgraded() }
        return Response(status: .switchingProtocols, headers: handshake.responseHeaders, body: body)
    }
}

/// Ends the task of the HTTP connection once the head of the 101 response is written.
private struct ConnectionUpgraded: Error {}

extension HTTPError {
    fileprivate init(_ error: WebSocketHandshakeError) {
        switch error {
        case .badRequest(let message):
            self.init(.badRequest, message: message)
        case .upgradeRequired(let message):
            self.init(.upgradeRequired, headers: [.secWebSocketVersion: "13", .upgrade: "websocket"], message: message)
        }
    }
}
