import HTTPWire
import NIOCore

/// What the gateway's file says of times when services are not to be reached.
struct MaintenanceMode: Sendable {
    /// What clients are told.
    struct Notice: Sendable, Equatable {
        var message = "The system is being maintained; try again after the time in Retry-After."
        /// Seconds.
        var retryAfter = 60
    }

    /// Whether it lasts for as long as the file says so.
    var isEnabled = false
    /// It lasts for as long as this file exists, too.
    var file: String?
    var notice = Notice()
    /// Whose requests pass all the same.
    var addresses: [AddressRange] = []
    /// The paths of requests that pass all the same; nil for none.
    var paths: Router?

    /// Whether the path at `range` passes.
    func passes(_ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let paths else { return false }
        if case .route = paths.match(path, range, method: .get) { return true }
        return false
    }

    /// Whether a client at `address` passes.
    func passes(_ address: SocketAddress?) -> Bool {
        guard !addresses.isEmpty, let address else { return false }
        return addresses.contains { $0.contains(address) }
    }
}

extension MaintenanceMode.Notice {
    /// The notice for somebody with a browser.
    var page: LocalResponse {
        let text = message.reduce(into: "") { text, character in
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            default: text.append(character)
            }
        }
        let html = """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Maintenance</title></head>
            <body><h1>Maintenance</h1><p>\(text)</p></body>
            </html>

            """
        return LocalResponse(
            status: 503, contentType: "text/html; charset=utf-8",
            fields: [("Retry-After", String(retryAfter)), ("Cache-Control", "no-store"), ("Vary", "Accept")],
            body: ByteBuffer(string: html))
    }
}
