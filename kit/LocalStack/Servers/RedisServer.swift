import FoundationEssentials
import Glibc
import Reactor

/// A private Redis on a loopback port.
public struct RedisServer: Program {
    public let name = "redis"
    public let stopSignal = Signal.terminate
    public let stopGrace = Duration.seconds(10)
    public let port: Int
    /// How many databases a server for tests has.
    public static let testDatabases = 1024
    private let executable: String
    /// Kept for its lock.
    private let state: StateFolder
    private let purpose: Purpose
    private let password: String

    /// Finds `redis-server`, and chooses the port; nothing is started yet.
    ///
    /// - Throws: ``LocalStackError``.
    public init(in state: StateFolder, purpose: Purpose) throws {
        guard let executable = Self.installed() else { throw LocalStackError.redisMissing }
        self.executable = executable
        self.purpose = purpose
        self.state = state
        port = try state.port(name)
        password = try state.password("redis-password")
    }

    private var log: String { state.log(name) }

    /// Where `redis-server` is, or nil when it is not installed.
    public static func installed() -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { $0 + "/redis-server" }.first { access($0, X_OK) == 0 }
    }

    /// The URL of the database with number `database`.
    public func url(database: Int = 0) -> String {
        "redis://:\(password)@127.0.0.1:\(port)/\(database)"
    }

    public func launch() async throws -> ChildProcess {
        let folder = state.path + "/redis"
        try makeFolder(folder, mode: 0o700)
        let settings = RedisSettings(port: port, folder: folder, password: password, purpose: purpose)
        let configuration = folder + "/redis.conf"
        try writeFile(settings.configuration, to: configuration, mode: 0o600)
        let child = try await ChildProcess.start(
            Command(
                executable, [configuration], environment: ["PATH": "/usr/bin:/bin", "TZ": "UTC"], directory: folder,
                deathSignal: purpose == .tests ? .kill : .terminate, log: log))
        try await child.waitUntilReady(name, log: log, within: .seconds(120)) {
            await (try? runBlocking { ping(port: port, password: password) }) ?? false
        }
        return child
    }
}

/// Whether the Redis on `port` answers a PING; while it still loads its data it refuses.
private func ping(port: Int, password: String) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = loopbackAddress(port: port)
    let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    let request = "AUTH \(password)\r\nPING\r\n"
    guard isConnected, send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else {
        return false
    }
    var answer = ""
    var buffer = [UInt8](repeating: 0, count: 256)
    while answer.split(separator: "\r\n").count < 2 {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        answer += String(decoding: buffer[..<count], as: UTF8.self)
    }
    return answer == "+OK\r\n+PONG\r\n"
}
