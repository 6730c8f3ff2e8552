import Crypto
import Foundation
import HTTPTypes

/// The server's half of the opening handshake (RFC 6455 section 4.2), without any I/O.
struct WebSocketHandshake: Equatable {
    /// The header fields of the 101 response.
    let responseHeaders: HTTPFields
    /// The sub-protocol agreed on, if any.
    let subprotocol: String?

    /// Accepts `request`, choosing the first of `subprotocols` that the client offers. Extensions are never agreed to.
    init(accepting request: HTTPRequest, subprotocols: [String]) throws(WebSocketHandshakeError) {
        let fields = request.headerFields
        guard request.method == .get else { throw .badRequest("a WebSocket is opened with GET") }
        guard fields.tokens(of: .upgrade).contains("websocket"), fields.tokens(of: .connection).contains("upgrade")
        else { throw .upgradeRequired("this is a WebSocket: send Connection: Upgrade and Upgrade: websocket") }
        guard let version = fields[.secWebSocketVersion] else { throw .badRequest("Sec-WebSocket-Version is missing") }
        guard version == "13" else { throw .upgradeRequired("only version 13 of the WebSocket protocol is spoken") }
        guard let key = fields[.secWebSocketKey], Data(base64Encoded: key)?.count == 16 else {
            throw .badRequest("Sec-WebSocket-Key is not the base64 of 16 bytes")
        }
        let offered = fields[values: .secWebSocketProtocol].flatMap { $0.split(separator: ",") }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        subprotocol = subprotocols.first(where: offered.contains)
        var headers: HTTPFields = [
            .upgrade: "websocket", .connection: "Upgrade", .secWebSocketAccept: Self.accept(key: key),
        ]
        headers[.secWebSocketProtocol] = subprotocol
        responseHeaders = headers
    }

    /// Section 1.3: proof that the key was read, not security; hence SHA-1.
    static func accept(key: String) -> String {
        let digest = Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }
}

/// Why an opening handshake is refused.
enum WebSocketHandshakeError: Error, Equatable {
    /// 400.
    case badRequest(String)
    /// 426, with the version that is spoken.
    case upgradeRequired(String)
}

extension HTTPFields {
    /// The lower-cased tokens of a comma-separated field.
    func tokens(of name: HTTPField.Name) -> [String] {
        self[values: name].flatMap { $0.split(separator: ",") }
            .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    }
}
