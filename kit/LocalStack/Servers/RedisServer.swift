import FoundationEssentials
import Glibc
import Redis

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
        try self.init(in: state, purpose: purpose, executable: Self.installed())
    }

    init(in state: StateFolder, purpose: Purpose, executable: String?) throws {
        guard let executable else { throw LocalStackError.redisMissing }
        self.executable = executable
        self.purpose = purpose
        self.state = state
        port = try state.port(name)
        password = try state.password("redis-password")
    }

    private var log: String { state.log(name) }

    /// Where `redis-server` is, or nil when it is not installed.
    public static func installed() -> String? {
        installed(on: ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
    }

    static func installed(on path: String) -> String? {
        path.split(separator: ":").map { $0 + "/redis-server" }.first { access($0, X_OK) == 0 }
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
        let client = RedisClient(RedisConfiguration(host: "127.0.0.1", port: port, password: password))
        // While it loads its data it answers a PING with an error.
        try await child.waitUntilReady(name, log: log, within: .seconds(120)) {
            (try? await client.withConnection { try await $0.ping() }) != nil
        }
        return child
    }
}
