/// What a server's data are for.
public enum Purpose: Sendable, Hashable {
    /// They are kept, and survive a loss of power.
    case development
    /// They are thrown away with the process, but survive a killed server, which tests kill on purpose.
    case tests
}

/// The configuration files of a private PostgreSQL cluster.
struct PostgresSettings: Sendable {
    var port: Int
    /// The folder of the Unix socket; nil for none.
    var socketFolder: String?
    var preload: [String]
    var purpose: Purpose

    /// The longest path of a Unix socket (`sun_path`, unix(7)).
    static let longestSocketPath = 107

    /// `folder` when the path of a socket in it is short enough for the system.
    static func socketFolder(_ folder: String, port: Int) -> String? {
        "\(folder)/.s.PGSQL.\(port)".utf8.count <= longestSocketPath ? folder : nil
    }

    var configuration: String {
        var lines = [
            "listen_addresses = '127.0.0.1'",
            "port = \(port)",
            "unix_socket_directories = \(quoted(socketFolder ?? ""))",
            "unix_socket_permissions = 0700",
            "password_encryption = 'scram-sha-256'",
            "shared_preload_libraries = \(quoted(preload.joined(separator: ",")))",
            // Hundreds of tests may run at once, each with clients of its own.
            "max_connections = \(purpose == .tests ? 500 : 200)",
            "shared_buffers = '256MB'",
            "work_mem = '16MB'",
            "maintenance_work_mem = '128MB'",
            "max_wal_size = '2GB'",
            // Plans of short queries over many partitions cost more to compile than they save.
            "jit = off",
            "random_page_cost = 1.1",
            // A statement over a partitioned table locks every partition that it touches.
            "max_locks_per_transaction = 256",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "lc_messages = 'C'",
            "log_line_prefix = '%m [%p] %q%u@%d '",
            "log_min_duration_statement = '1s'",
        ]
        if preload.contains("timescaledb") { lines.append("timescaledb.telemetry_level = 'off'") }
        if purpose == .tests {
            // The kernel keeps what a killed server has written, so only a crash of the machine would lose anything.
            // synchronous_commit stays on: it hands the log to the kernel before a commit is acknowledged.
            lines.append("fsync = off")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Everybody needs a password: a loopback port is open to every user of the machine.
    static let access = """
        local all all scram-sha-256
        host all all 127.0.0.1/32 scram-sha-256

        """

    /// A string literal of postgresql.conf.
    private func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}

/// What `postmaster.pid` says of the server that holds the data folder.
struct PostmasterStatus: Hashable {
    let processID: Int
    let isReady: Bool

    /// Line 1 is the process id, line 8 the status (`LOCK_FILE_LINE_PM_STATUS` of pidfile.h, read by `pg_ctl -w` too).
    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, let processID = Int(first) else { return nil }
        self.processID = processID
        isReady = lines.count > 7 && lines[7].hasPrefix("ready")
    }
}
