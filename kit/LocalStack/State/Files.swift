import FoundationEssentials
import Glibc

/// The whole of a text file, or nil when there is none that can be read.
func textOfFile(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
}

/// A file that only its owner can read, for keys and passwords.
public struct PrivateFile: Sendable {
    public let path: String

    public init(_ path: String) {
        self.path = path
    }

    /// The text, or nil when there is no file that can be read.
    public func read() -> String? {
        textOfFile(path)
    }

    /// Replaces the file in one step.
    ///
    /// - Throws: ``LocalStackError/fileAccess(path:reason:)``.
    public func write(_ text: String) throws {
        try writeFile(text, to: path, mode: 0o600)
    }
}

/// The end of a log, for an error message.
func lastLines(ofFile path: String, count: Int = 8) -> [String] {
    guard let text = textOfFile(path) else { return [] }
    return text.split(separator: "\n").suffix(count).map(String.init)
}

/// Writes a file in one step: a reader finds the old text or the new one, and never with wider permissions than `mode`.
///
/// - Throws: ``LocalStackError/fileAccess(path:reason:)``.
func writeFile(_ text: String, to path: String, mode: mode_t = 0o644, owner: Account? = nil) throws {
    let draft = path + ".new"
    unlink(draft)
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw LocalStackError.fileAccess(path: draft, reason: reasonOfErrno()) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw LocalStackError.fileAccess(path: draft, reason: reasonOfErrno()) }
        rest = rest.dropFirst(count)
    }
    if let owner { fchown(descriptor, owner.uid, owner.gid) }
    guard rename(draft, path) == 0 else { throw LocalStackError.fileAccess(path: path, reason: reasonOfErrno()) }
}

/// Makes a folder and those above it; one that exists keeps its permissions.
///
/// - Throws: ``LocalStackError/fileAccess(path:reason:)``.
func makeFolder(_ path: String, mode: mode_t = 0o755, owner: Account? = nil) throws {
    if access(path, F_OK) == 0 { return }
    let parent = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
    if !parent.isEmpty { try makeFolder(String(parent)) }
    guard mkdir(path, mode) == 0 || errno == EEXIST else {
        throw LocalStackError.fileAccess(path: path, reason: reasonOfErrno())
    }
    guard let owner else { return }
    guard chown(path, owner.uid, owner.gid) == 0 else {
        throw LocalStackError.fileAccess(path: path, reason: reasonOfErrno())
    }
}

/// `bytes` random bytes from the kernel, in hexadecimal.
func randomHex(bytes: Int) -> String {
    let digits = Array("0123456789abcdef")
    return String((0..<2 * bytes).map { _ in digits[Int.random(in: 0..<16)] })
}
