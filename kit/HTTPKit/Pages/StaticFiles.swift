import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Files that pages load, in memory, served at `/static/<service>/<name>.<hash>.<extension>` and cached for ever.
///
/// The service is part of the path so that a gateway can tell who serves it. A request with another hash, as
/// during a roll-out, is answered with the file as it is, to be asked for again next time.
public struct StaticFiles: Sendable {
    private struct File {
        let name: String
        let hash: String
        let contentType: String
        let body: ByteBuffer

        /// `lms.css` → `lms.0123456789ab.css`.
        var hashedName: String {
            let parts = name.split(separator: ".")
            return (parts.dropLast() + [Substring(hash)] + parts.suffix(1)).joined(separator: ".")
        }
    }

    private let files: [String: File]
    /// The path that all files are served under, `/static/<service>/`.
    let prefix: String

    /// Loads the files of `folders` and the single files `libraries`; of two with the same name the later is taken.
    ///
    /// - Throws: what reading the files throws.
    public init(service: String, folders: [URL], libraries: [URL] = []) throws {
        prefix = "/static/\(service)/"
        let own = try folders.flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: folder.path).map(folder.appendingPathComponent)
        }
        var files: [String: File] = [:]
        for url in own + libraries {
            let name = url.lastPathComponent
            guard let contentType = Self.contentType(of: name) else { continue }
            let data = try Data(contentsOf: url)
            let hash = SHA256.hash(data: data).prefix(6).map { String(format: "%02x", $0) }.joined()
            files[name] = File(name: name, hash: hash, contentType: contentType, body: ByteBuffer(bytes: data))
        }
        self.files = files
    }

    /// `text` with every `/static/<name>` of a known file replaced by the path it is served at.
    func linking(_ text: String) -> String {
        files.values.reduce(text) { text, file in
            text.replacingOccurrences(of: "\"/static/\(file.name)\"", with: "\"\(prefix)\(file.hashedName)\"")
        }
    }

    /// The route that serves the files.
    func addRoute(to table: inout RouteTable) {
        table.on(.get, prefix + "{file}", .public, RouteOptions(body: .none, produces: [])) { [self] _, context in
            try response(for: context.parameter("file"))
        }
    }

    private func response(for name: String) throws(Problem) -> Response {
        let isHashed = files.values.first { $0.hashedName == name }
        guard let file = isHashed ?? files[Self.unhashed(name)] else { throw .notFound() }
        return Response(
            status: .ok,
            headers: [
                .contentType: file.contentType, .eTag: "\"\(file.hash)\"",
                .cacheControl: isHashed == nil ? "public, no-cache" : "public, max-age=31536000, immutable",
            ], body: ResponseBody(byteBuffer: file.body))
    }

    private static func unhashed(_ name: String) -> String {
        let parts = name.split(separator: ".")
        return parts.count < 3 ? name : (parts.dropLast(2) + parts.suffix(1)).joined(separator: ".")
    }

    private static func contentType(of name: String) -> String? {
        switch name.split(separator: ".").last {
        case "css"?: "text/css; charset=utf-8"
        case "js"?: "text/javascript; charset=utf-8"
        case "svg"?: "image/svg+xml"
        case "png"?: "image/png"
        case "ico"?: "image/x-icon"
        case "woff2"?: "font/woff2"
        default: nil
        }
    }
}
