import Foundation
import NIOCore

/// The page that shows the merged document and tries calls.
struct DocsPage: Sendable {
    let html: LocalResponse
    let style: LocalResponse
    let script: LocalResponse

    /// Reads the page's files from the resources.
    ///
    /// - Throws: when one cannot be read.
    init(resources: Bundle) throws {
        html = try Self.file("index.html", "text/html; charset=utf-8", in: resources)
        style = try Self.file("docs.css", "text/css; charset=utf-8", in: resources)
        script = try Self.file("docs.js", "text/javascript; charset=utf-8", in: resources)
    }

    private static func file(_ name: String, _ contentType: String, in resources: Bundle) throws -> LocalResponse {
        let url = resources.bundleURL.appendingPathComponent("Docs").appendingPathComponent(name)
        return LocalResponse(
            contentType: contentType,
            fields: [
                ("Cache-Control", "no-cache"),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                (
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
                        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                ),
            ],
            body: ByteBuffer(bytes: try Data(contentsOf: url))
        ).withGzip()
    }
}
