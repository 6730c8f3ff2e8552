import NIOCore
import Synchronization

/// The merged document as it is served.
final class OpenAPIDocument: Sendable {
    private let document: Mutex<LocalResponse>

    /// - Parameter services: all of them unavailable as yet.
    init(services: [String]) {
        document = Mutex(
            Self.response(OpenAPIMerger().json(version: GatewayVersion.current, unavailable: services)))
    }

    func update(_ json: String) {
        let response = Self.response(json)
        document.withLock { $0 = response }
    }

    var response: LocalResponse { document.withLock { $0 } }

    private static func response(_ json: String) -> LocalResponse {
        LocalResponse(
            contentType: "application/json", fields: [("Cache-Control", "no-cache")], body: ByteBuffer(string: json)
        ).withGzip()
    }
}
