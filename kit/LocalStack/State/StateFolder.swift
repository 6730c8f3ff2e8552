import CLinux
import FoundationEssentials
import Glibc
import Synchronization

/// The folder that holds all that private servers keep: data, ports, passwords, logs. `lms up` has one called `.lms`.
///
/// A process that uses it holds its lock, so that two never start servers on the same data.
public final class StateFolder: Sendable {
    public let path: String
    private let portTable = Mutex(())
    private let claims = PortClaims()
    private let lock: Int32

    /// Opens the folder at `path`, made when it is missing, and locks it until this process ends.
    ///
    /// - Throws: ``LocalStackError/folderInUse(path:processID:)``, ``LocalStackError/fileAccess(path:reason:)``.
    public init(path: String) throws {
        self.path = Self.absolute(path)
        try makeFolder(self.path)
        try makeFolder(self.path + "/logs", mode: 0o750)
        try makeFolder(self.path + "/secrets", mode: 0o700)
        lock = try Self.lockFile(in: self.path)
    }

    deinit {
        // Closing alone would not do while a child that is just being started still has a copy of the descriptor.
        flock(lock, LOCK_UN)
        close(lock)
    }

    private static func absolute(_ path: String) -> String {
        let full = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        let parts = full.split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }

    /// The lock is the kernel's, so it goes with the process; the number in the file is for the error message alone.
    private static func lockFile(in path: String) throws -> Int32 {
        let name = path + "/lock"
        let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LocalStackError.fileAccess(path: name, reason: reasonOfErrno()) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let holder = textOfFile(name).flatMap { Int($0.filter(\.isNumber)) }
            throw LocalStackError.folderInUse(path: path, processID: holder)
        }
        ftruncate(descriptor, 0)
        let text = "\(getpid())\n"
        _ = text.withCString { write(descriptor, $0, text.utf8.count) }
        return descriptor
    }

    /// The log file of the server or service called `name`.
    public func log(_ name: String) -> String { "\(path)/logs/\(name).log" }

    /// The password called `name`: random the first time, then kept in a file that only its owner can read.
    ///
    /// - Throws: ``LocalStackError/fileAccess(path:reason:)``.
    public func password(_ name: String) throws -> String {
        try secret(name) { randomHex(bytes: 24) }
    }

    private func secret(_ name: String, make: () -> String) throws -> String {
        let file = "\(path)/secrets/\(name)"
        if let kept = textOfFile(file), !kept.isEmpty { return kept }
        let new = make()
        try writeFile(new, to: file, mode: 0o600)
        return new
    }

    /// 32 random bytes in base64, as `LMS_SECRET_KEY` takes them; the same ones every time.
    ///
    /// - Throws: ``LocalStackError/fileAccess(path:reason:)``.
    public func secretKey() throws -> String {
        try secret("secret-key") {
            Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
        }
    }

    /// The loopback port of the server called `name`: the one it had before, else `preferred`, else any free one. No
    /// other folder of this process gets it while this one is there.
    ///
    /// - Throws: ``LocalStackError/noFreePort(_:)``, ``LocalStackError/fileAccess(path:reason:)``.
    public func port(_ name: String, preferred: Int? = nil) throws -> Int {
        // Servers are started at the same time, and the table is read, changed and written.
        try portTable.withLock { _ in
            let file = path + "/ports"
            var table = PortTable(text: textOfFile(file) ?? "")
            let port = try table.assign(name, preferred: preferred, isFree: claims.take)
            try writeFile(table.text, to: file)
            return port
        }
    }
}
