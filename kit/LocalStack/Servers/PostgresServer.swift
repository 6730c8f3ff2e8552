import Postgres

/// A private PostgreSQL cluster on a loopback port.
public struct PostgresServer: Program {
    public let name = "postgres"
    /// The fast shutdown: it does not wait for clients to leave.
    public let stopSignal = Signal.interrupt
    public let stopGrace = Duration.seconds(30)
    public let installation: PostgresInstallation
    public let port: Int
    let cluster: PostgresCluster
    private let purpose: Purpose
    private let password: String
    /// Kept for its lock.
    private let folder: StateFolder

    /// The superuser of the cluster.
    static let administratorRole = "lms_admin"

    /// Chooses the installation, the place and the port; nothing is started yet.
    ///
    /// - Throws: ``LocalStackError``.
    public init(in folder: StateFolder, purpose: Purpose) async throws {
        cluster = try await PostgresCluster.locate(in: folder)
        installation = try PostgresInstallation.pick(
            from: PostgresInstallation.installed(), data: cluster.data, dataVersion: cluster.version)
        port = try folder.port(name)
        password = try folder.password("postgres-password")
        self.folder = folder
        self.purpose = purpose
    }

    private var log: String { folder.log(name) }

    /// How the administrator reaches the database called `database`.
    ///
    /// - Throws: `PostgresError` never in practice: the URL is made here.
    public func administrator(database: String = "postgres") throws -> PostgresConfiguration {
        try PostgresConfiguration(
            url: "postgresql://\(Self.administratorRole):\(password)@127.0.0.1:\(port)/\(database)")
    }

    /// Makes the cluster when there is none, writes its configuration, and starts it.
    ///
    /// A server that was killed leaves processes that hold its shared memory until they notice; starting over while
    /// they do is refused, so that is tried again for a while.
    public func launch() async throws -> ChildProcess {
        if cluster.version == nil {
            try await cluster.create(
                with: installation, administrator: Self.administratorRole, password: password, purpose: purpose,
                log: log)
        }
        try writeConfiguration()
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while true {
            do {
                return try await launchOnce()
            } catch {
                guard ContinuousClock.now < deadline, cluster.isHeldByAnother(log: log) else { throw error }
                // A server that was killed lets go of its folder when its last process has ended, and tells nobody.
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func launchOnce() async throws -> ChildProcess {
        let child = try await ChildProcess.start(
            Command(
                installation.binaries + "/postgres", ["-D", cluster.data], environment: PostgresCluster.environment,
                directory: cluster.data, account: cluster.account,
                deathSignal: purpose == .tests ? .quit : .interrupt, log: log))
        let pidFile = cluster.data + "/postmaster.pid"
        // Recovery after a crash reads the log since the last checkpoint, which takes its time on a slow disk.
        try await child.waitUntilReady(name, log: log, within: .seconds(300)) {
            guard let status = textOfFile(pidFile).flatMap(PostmasterStatus.init) else { return false }
            return status.isReady && status.processID == Int(child.id)
        }
        return child
    }

    private func writeConfiguration() throws {
        let settings = PostgresSettings(
            port: port, socketFolder: PostgresSettings.socketFolder(cluster.folder, port: port),
            preload: installation.preloadable, purpose: purpose)
        try writeFile(
            settings.configuration, to: cluster.data + "/postgresql.conf", mode: 0o600, owner: cluster.account)
        try writeFile(
            PostgresSettings.access, to: cluster.data + "/pg_hba.conf", mode: 0o600, owner: cluster.account)
    }
}
