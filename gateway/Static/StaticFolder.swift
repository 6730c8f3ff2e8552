import Foundation
import HTTPWire
import NIOCore

/// Why a folder cannot be served.
struct StaticFolderError: Error, Equatable {
    let message: String
}

/// The files of a folder, in memory, as they were when the gateway's file was read.
///
/// Each is served by its name, to be asked for again every time, and, but for pages, by one with the hash of its content in
/// it (`app.js` as `app.0123456789ab.js`), to be kept for ever. Pages that name another file by its path in quotation marks
/// are served with its hashed name there.
final class StaticFolder: Sendable, Equatable {
    static let countLimit = 1000
    /// Bytes of all files together.
    static let sizeLimit = 32 << 20

    /// The bytes of a path before the name of the file.
    private let prefixLength: Int
    private let files: [String: StaticFile]

    /// Reads the folder at `path`, without what begins with a dot.
    ///
    /// - Parameter prefix: the path below which it is served, with its slash.
    /// - Throws: `StaticFolderError` for what cannot be read, leads out of the folder or is too large.
    init(_ path: String, at prefix: String, sizeLimit: Int = sizeLimit) throws(StaticFolderError) {
        prefixLength = prefix.utf8.count
        var reader = try StaticFolderReader(path, sizeLimit: sizeLimit)
        try reader.read()
        var files: [String: StaticFile] = [:]
        var hashedNames: [String: String] = [:]
        func add(_ name: String, _ data: Data) {
            let content = StaticContent(name: name, data)
            // Pages are asked for by their names, and change when what they name does.
            if !content.isPage, let hashed = Self.hashedName(name, content.hash) {
                files[hashed] = StaticFile(content, isHashed: true)
                hashedNames[name] = hashed
            }
            // Where a name looks like the hashed one of another file, it is that of its own.
            files[name] = StaticFile(content, isHashed: false)
        }
        for (name, data) in reader.files where !StaticContent.isPage(name) { add(name, data) }
        for (name, data) in reader.files where StaticContent.isPage(name) {
            add(name, Self.linking(data, prefix, hashedNames))
        }
        self.files = files
    }

    static func == (one: StaticFolder, other: StaticFolder) -> Bool { one === other }

    /// The file whose path stands at `range`. One with the hash of another version, as while gateways are replaced one by
    /// one, is served as by its plain name.
    func file(_ path: Span<UInt8>, _ range: Range<Int>) -> StaticFile? {
        guard range.count > prefixLength else { return nil }
        let name = path.string(at: range.lowerBound + prefixLength..<range.upperBound)
        return files[name] ?? Self.unhashed(name).flatMap { files[$0] }
    }

    // MARK: Names

    /// What pages load.
    private static let versionedKinds = [
        ".js", ".mjs", ".css", ".map", ".wasm", ".svg", ".png", ".jpg", ".webp", ".ico", ".woff", ".woff2",
    ]

    /// `app.js` → `app.0123456789ab.js`; nil for a name that does not end with what kind of file it is.
    private static func hashedName(_ name: String, _ hash: String) -> String? {
        guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { return nil }
        return "\(name[..<dot]).\(hash)\(name[dot...])"
    }

    private static func unhashed(_ name: String) -> String? {
        // Of other kinds a file may well have such a name, with a date in it.
        guard versionedKinds.contains(where: name.hasSuffix) else { return nil }
        var parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 2, parts[parts.count - 2].count == StaticContent.hashLength,
            parts[parts.count - 2].allSatisfy(\.isHexDigit)
        else { return nil }
        parts.remove(at: parts.count - 2)
        return parts.joined(separator: ".")
    }

    /// A page with the hashed names of the files that it names.
    private static func linking(_ page: Data, _ prefix: String, _ hashedNames: [String: String]) -> Data {
        guard let text = String(data: page, encoding: .utf8) else { return page }
        var result = ""
        var rest = text[...]
        while let start = rest.range(of: "\"\(prefix)") {
            result += rest[..<start.upperBound]
            rest = rest[start.upperBound...]
            let name = rest.prefix { $0 != "\"" }
            result += hashedNames[String(name)] ?? String(name)
            rest = rest[name.endIndex...]
        }
        return Data((result + rest).utf8)
    }
}

/// Reads the files of a folder and those below.
private struct StaticFolderReader {
    private let root: String
    private let sizeLimit: Int
    private(set) var files: [(name: String, data: Data)] = []
    private var size = 0
    /// The real paths of those that have been read.
    private var folders: Set<String> = []

    init(_ path: String, sizeLimit: Int) throws(StaticFolderError) {
        guard let root = Self.realPath(path) else {
            throw StaticFolderError(message: "the folder '\(path)' cannot be found")
        }
        self.root = root
        self.sizeLimit = sizeLimit
    }

    mutating func read() throws(StaticFolderError) { try read(root, below: "") }

    private mutating func read(_ folder: String, below prefix: String) throws(StaticFolderError) {
        // Links to folders could lead in circles.
        guard folders.insert(try target(of: folder)).inserted else {
            throw StaticFolderError(message: "'\(folder)' is a folder that is there by another name, too")
        }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
            throw StaticFolderError(message: "the folder '\(folder)' cannot be read")
        }
        for name in names where !name.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            if Self.kind(try target(of: path)) == S_IFDIR {
                try read(path, below: "\(prefix)\(name)/")
            } else {
                try add("\(prefix)\(name)", path)
            }
        }
    }

    /// What stands at a path, which links within the folder lead to: they are how Kubernetes replaces what it mounts.
    private func target(of path: String) throws(StaticFolderError) -> String {
        guard let target = Self.realPath(path) else { throw StaticFolderError(message: "'\(path)' cannot be read") }
        guard target == root || target.hasPrefix(root + "/") else {
            throw StaticFolderError(message: "'\(path)' leads out of the folder")
        }
        return target
    }

    private mutating func add(_ name: String, _ path: String) throws(StaticFolderError) {
        let target = try target(of: path)
        guard Self.kind(target) == S_IFREG else {
            throw StaticFolderError(message: "'\(path)' is no file")
        }
        guard files.count < StaticFolder.countLimit else {
            throw StaticFolderError(message: "the folder has more than \(StaticFolder.countLimit) files")
        }
        do {
            // One byte more than may be tells that there are more.
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: target))
            defer { try? handle.close() }
            let data = try handle.read(upToCount: sizeLimit - size + 1) ?? Data()
            size += data.count
            files.append((name, data))
        } catch {
            throw StaticFolderError(message: "'\(path)' cannot be read")
        }
        guard size <= sizeLimit else {
            throw StaticFolderError(message: "the folder has more than \(sizeLimit) bytes of files")
        }
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// What stands at a path: `S_IFREG`, `S_IFDIR` or another.
    private static func kind(_ path: String) -> mode_t {
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        return status.st_mode & S_IFMT
    }
}
