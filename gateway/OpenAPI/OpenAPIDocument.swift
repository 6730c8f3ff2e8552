import NIOCore
import Synchronization

/// The merged document as it is served.
final class OpenAPIDocument: Sendable {
    private let json: Mutex<ByteBuffer>

    /// - Parameter services: all of them unavailable as yet.
    init(services: [String]) {
        json = Mutex(ByteBuffer(string: OpenAPIMerger().json(version: GatewayVersion.current, unavailable: services)))
    }

    func update(_ json: String) {
        let bytes = ByteBuffer(string: json)
        self.json.withLock { $0 = bytes }
    }

    var response: LocalResponse {
        LocalResponse(
            contentType: "application/json", fields: [("Cache-Control", "no-cache")], body: json.withLock { $0 })
    }
}
