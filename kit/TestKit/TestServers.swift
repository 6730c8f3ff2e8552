import FoundationEssentials
import LocalStack
import Logging
import Postgres
import Synchronization

/// A PostgreSQL and a Redis for tests.
///
/// All suites share one pair, ``shared()``, that is started when the first one asks and ends with the process. A test
/// that kills or halts servers starts a pair of its own, ``start()``.
public final class TestServers: Sendable {
    /// How the administrator reaches PostgreSQL.
    public let administrator: PostgresConfiguration
    /// The server's process, to kill, halt and restart; nil when the environment named a server.
    public let postgres: ManagedProcess?
    /// As ``postgres``.
    public let redis: ManagedProcess?
    private let redisURL: String
    private let redisDatabases: Int
    private let nextRedisDatabase = Atomic(0)
    /// Ended with the servers, it removes their folder.
    private let sweeper: ChildProcess
    let templates = Templates()

    private init(
        postgres: (administrator: PostgresConfiguration, process: ManagedProcess?),
        redis: (url: String, databases: Int, process: ManagedProcess?), sweeper: ChildProcess
    ) {
        // A machine that runs many tests at once opens a connection when it comes to it.
        var administrator = postgres.administrator
        administrator.acquireTimeout = .seconds(30)
        self.administrator = administrator
        self.postgres = postgres.process
        self.redis = redis.process
        redisURL = redis.url
        redisDatabases = redis.databases
        self.sweeper = sweeper
    }

    private static let once = Once<TestServers>()

    /// The servers of this process: those of `LMS_TEST_DATABASE_URL` (an administrator's URL) and
    /// `LMS_TEST_REDIS_URL` when set, else private ones.
    ///
    /// - Throws: ``LocalStackError``.
    public static func shared() async throws -> TestServers {
        try await once.value {
            let environment = ProcessInfo.processInfo.environment
            return try await start(
                databaseURL: environment["LMS_TEST_DATABASE_URL"], redisURL: environment["LMS_TEST_REDIS_URL"])
        }
    }

    /// Private servers that nobody else uses.
    ///
    /// - Throws: ``LocalStackError``.
    public static func start() async throws -> TestServers {
        try await start(databaseURL: nil, redisURL: nil)
    }

    private static func start(databaseURL: String?, redisURL: String?) async throws -> TestServers {
        let path =
            FileManager.default.temporaryDirectory.path + "/lms-test-"
            + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let folder = try StateFolder(path: path)
        let sweeper = try await sweep(path)
        async let postgres = startPostgres(url: databaseURL, in: folder)
        async let redis = startRedis(url: redisURL, in: folder)
        return try await TestServers(postgres: postgres, redis: redis, sweeper: sweeper)
    }

    private static func startPostgres(
        url: String?, in folder: StateFolder
    ) async throws -> (administrator: PostgresConfiguration, process: ManagedProcess?) {
        if let url { return (try PostgresConfiguration(url: url), nil) }
        let server = try await PostgresServer(in: folder, purpose: .tests)
        let process = ManagedProcess(server, logger: Logger(label: "test-servers"))
        try await process.start()
        return (try server.administrator(), process)
    }

    private static func startRedis(
        url: String?, in folder: StateFolder
    ) async throws -> (url: String, databases: Int, process: ManagedProcess?) {
        if let url { return (url, 16, nil) }
        let server = try RedisServer(in: folder, purpose: .tests)
        let process = ManagedProcess(server, logger: Logger(label: "test-servers"))
        try await process.start()
        return (server.url(), RedisServer.testDatabases, process)
    }

    /// Whether databases have TimescaleDB: a test that needs it is skipped without.
    ///
    /// - Throws: `PostgresError`.
    public func hasTimescaleDB() async throws -> Bool {
        try await withClient(administrator) { client in
            // As the bootstrap decides it.
            try await !client.query(
                """
                SELECT 1 FROM pg_available_extensions
                WHERE name = 'timescaledb' AND current_setting('shared_preload_libraries') LIKE '%timescaledb%'
                """
            ).isEmpty
        }
    }

    /// The URL of a Redis database that no other caller has.
    public func newRedisURL() -> String {
        let number = nextRedisDatabase.wrappingAdd(1, ordering: .relaxed).newValue % redisDatabases
        let base = redisURL.split(separator: "/", omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
        return "\(base)/\(number)"
    }

    /// Stops private servers and removes their folder.
    public func stop() async {
        await postgres?.kill(.quit)
        await redis?.kill()
        await sweeper.stop(with: .terminate, grace: .seconds(10))
    }

    /// A process that removes `path` when it is told to end, which it is when this process ends, however it does.
    private static func sweep(_ path: String) async throws -> ChildProcess {
        let script = """
            trap 'kill $!; until rm -rf "$0" && sleep 0.2 && [ ! -e "$0" ]; do sleep 0.2; done; exit' TERM
            sleep infinity & wait
            """
        return try await ChildProcess.start(
            Command("/bin/sh", ["-c", script, path], environment: ["PATH": "/usr/bin:/bin"], log: "/dev/null"))
    }
}
