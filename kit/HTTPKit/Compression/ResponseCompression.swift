import HTTPTypes
import HTTPWire
import Hummingbird
import NIOCore

/// Compresses answers of text above 1 KiB for those who accept gzip.
struct ResponseCompression: RouterMiddleware {
    static let threshold = 1024
    /// Types that gain from it; event streams are excepted, since they must not be held back.
    private static let types: Set<MediaTypeName> = [
        .json, .ndjson, .csv, .html, "application/problem+json", "application/senml+json", "application/yaml",
        "text/css", "text/javascript", "text/plain", "image/svg+xml",
    ]

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard let type = response.headers[.contentType], Self.types.contains(MediaTypeName(contentType: type)),
            response.headers[.contentEncoding] == nil, response.status != .partialContent
        else { return response }
        Self.addVary(to: &response.headers)
        guard request.method != .head, Self.accepts(request.headers[.acceptEncoding]),
            response.body.contentLength.map({ $0 > Self.threshold }) ?? true
        else { return response }
        let compressor = try GzipCompressor()
        let body = response.body
        response.headers[.contentEncoding] = "gzip"
        response.headers[.contentLength] = nil
        // RFC 9110, section 8.8.3: another encoding is another representation.
        response.headers[.eTag] = response.headers[.eTag].map { $0.hasPrefix("W/") ? $0 : "W/" + $0 }
        response.body = try await Self.compressed(body, with: compressor)
        return response
    }

    static func addVary(to headers: inout HTTPFields) {
        headers[.vary] = headers[.vary].map { $0 + ", Accept-Encoding" } ?? "Accept-Encoding"
    }

    /// A body that is there already is compressed at once and keeps a length; a stream is compressed as it is written.
    private static func compressed(_ body: ResponseBody, with compressor: GzipCompressor) async throws -> ResponseBody {
        guard body.contentLength != nil else {
            return ResponseBody { writer in
                try await body.write(GzipWriter(parent: writer, compressor: GzipCompressor()))
            }
        }
        let whole = try await body.collected()
        return ResponseBody(byteBuffer: compressor.compress(whole, finish: true))
    }

    static func accepts(_ encodings: String?) -> Bool {
        guard let encodings else { return false }
        return encodings.split(separator: ",").map { MediaRange($0) }.contains { $0.isWanted && $0.type == "gzip" }
    }
}

/// Compresses what passes through it to the next writer.
private struct GzipWriter: ResponseBodyWriter {
    var parent: any ResponseBodyWriter
    let compressor: GzipCompressor

    mutating func write(_ buffer: ByteBuffer) async throws {
        try await parent.write(compressor.compress(buffer, finish: false))
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await parent.write(compressor.compress(ByteBuffer(), finish: true))
        try await parent.finish(trailingHeaders)
    }
}
