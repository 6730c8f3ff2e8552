import Crypto
import Foundation
import HTTPWire
import NIOCore

/// A file with what is answered for it by one of its names.
struct StaticFile: Sendable {
    /// The file as it is, of which ranges can be had.
    let whole: LocalResponse
    /// The same as gzip; nil where that is not smaller.
    let packed: LocalResponse?
    /// Say that the client has one or the other already.
    let unchanged: LocalResponse
    let packedUnchanged: LocalResponse
    /// The entity tags of `whole` and `packed`, which are representations of their own (RFC 9110 §8.8.3.3).
    let tag: LowercasedText
    let packedTag: LowercasedText

    /// - Parameter isHashed: whether the name changes with the content, so that the file can be kept for ever.
    init(_ content: StaticContent, isHashed: Bool) {
        let tags = (whole: "\"\(content.hash)\"", packed: "\"\(content.hash).gz\"")
        tag = LowercasedText(tags.whole)
        packedTag = LowercasedText(tags.packed)
        var common = [("Cache-Control", isHashed ? "public, max-age=31536000, immutable" : "no-cache")]
        if content.gzipped != nil { common.append(("Vary", "Accept-Encoding")) }
        let validity = common
        func unchanged(_ tag: String) -> LocalResponse {
            LocalResponse(status: 304, contentType: "", fields: validity + [("ETag", tag)], body: ByteBuffer())
        }
        self.unchanged = unchanged(tags.whole)
        packedUnchanged = unchanged(tags.packed)
        // What else a page may load it says with `headers` of its route.
        if content.isPage {
            common.append(("Content-Security-Policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"))
        }
        whole = LocalResponse(
            contentType: content.type, fields: common + [("ETag", tags.whole), ("Accept-Ranges", "bytes")],
            body: content.body)
        let fields = common
        packed = content.gzipped.map { body in
            LocalResponse(
                contentType: content.type, fields: fields + [("ETag", tags.packed), ("Content-Encoding", "gzip")],
                body: body)
        }
    }

    /// A part of the file (RFC 9110 §15.3.7).
    func part(_ range: Range<Int>) -> LocalResponse {
        var response = whole
        response.status = 206
        response.fields.append(
            ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(whole.body.readableBytes)"))
        response.body = whole.body.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer()
        return response
    }
}

/// What a file holds.
struct StaticContent: Sendable {
    let type: String
    let body: ByteBuffer
    /// Of the content, in hexadecimal digits.
    let hash: String
    /// Nil where that is not smaller.
    let gzipped: ByteBuffer?
    let isPage: Bool

    /// Hexadecimal digits of a hash.
    static let hashLength = 12

    /// - Parameter name: by which the type is told.
    init(name: String, _ data: Data) {
        let known = Self.type(of: name)
        type = known.type
        isPage = known.type.hasPrefix("text/html")
        body = ByteBuffer(bytes: data)
        hash = SHA256.hash(data: data).prefix(Self.hashLength / 2).map { String(format: "%02x", $0) }.joined()
        gzipped = known.isText ? LocalResponse(contentType: "", body: body).withGzip().gzipped : nil
    }

    /// Whether the file is a page, which names others.
    static func isPage(_ name: String) -> Bool { type(of: name).type.hasPrefix("text/html") }

    /// The media type by the end of a name, and whether gzip makes such files smaller.
    private static func type(of name: String) -> (type: String, isText: Bool) {
        switch (name as NSString).pathExtension.lowercased() {
        case "html", "htm": ("text/html; charset=utf-8", true)
        case "css": ("text/css; charset=utf-8", true)
        case "js", "mjs": ("text/javascript; charset=utf-8", true)
        case "txt": ("text/plain; charset=utf-8", true)
        case "md": ("text/markdown; charset=utf-8", true)
        case "csv": ("text/csv; charset=utf-8", true)
        case "json", "map": ("application/json", true)
        case "webmanifest": ("application/manifest+json", true)
        case "xml": ("application/xml", true)
        case "yaml", "yml": ("application/yaml", true)
        case "svg": ("image/svg+xml", true)
        case "wasm": ("application/wasm", true)
        case "ico": ("image/x-icon", true)
        case "png": ("image/png", false)
        case "jpg", "jpeg": ("image/jpeg", false)
        case "gif": ("image/gif", false)
        case "webp": ("image/webp", false)
        case "avif": ("image/avif", false)
        case "woff2": ("font/woff2", false)
        case "woff": ("font/woff", false)
        case "pdf": ("application/pdf", false)
        case "mp4": ("video/mp4", false)
        case "gz", "tgz": ("application/gzip", false)
        case "zip": ("application/zip", false)
        default: ("application/octet-stream", false)
        }
    }
}
