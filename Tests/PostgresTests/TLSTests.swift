import FoundationEssentials
import Postgres
import TestKit
import Testing

/// What `sslmode` promises, at a server that speaks TLS.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"))) struct TLSTests {
    private static let query: SQL = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

    @Test(arguments: [
        ("sslmode=disable", false), ("sslmode=require", true),
        ("sslmode=verify-full&host=localhost&sslrootcert=server.crt", true),
        // The authority is looked at, and not the name.
        ("sslmode=verify-ca&host=elsewhere.example&hostaddr=127.0.0.1&sslrootcert=server.crt", true),
    ])
    func `a connection is encrypted when it is to be`(settings: String, isEncrypted: Bool) async throws {
        let server = try await TLSServer.shared()
        try await withClient(server.configuration(settings)) { client in
            let single = try await client.query(Self.query)[0].decode(Bool.self, at: 0)
            let leased = try await client.withTransaction { try await $0.query(Self.query)[0].decode(Bool.self, at: 0) }
            #expect(single == isEncrypted && leased == isEncrypted)
        }
    }

    @Test(arguments: [
        (
            "sslmode=verify-full&host=elsewhere.example&hostaddr=127.0.0.1&sslrootcert=server.crt",
            #"server certificate for "localhost" does not match host name "elsewhere.example""#
        ),
        ("sslmode=verify-full&host=localhost&sslrootcert=other.crt", "certificate verify failed"),
        ("sslmode=verify-ca&sslrootcert=other.crt", "certificate verify failed"),
        ("sslmode=verify-ca&sslrootcert=missing.crt", #"missing.crt" does not exist"#),
    ])
    func `a server that is not proven to be the right one is refused, with the reason`(
        settings: String, reason: String
    ) async throws {
        let server = try await TLSServer.shared()
        try await withClient(server.configuration(settings)) { client in
            let error = await #expect(throws: PostgresError.self) { _ = try await client.query(Self.query) }
            #expect(error?.kind == .unavailable)
            #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
        }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["LMS_TEST_DATABASE_URL"] == nil, "it may speak TLS"))
    func `a server without TLS is refused when TLS is required`() async throws {
        let url = try await TestServers.shared().administrator.url
        try await withClient(PostgresConfiguration(url: url + "&sslmode=require")) { client in
            let error = await #expect(throws: PostgresError.self) { _ = try await client.query(Self.query) }
            #expect(error?.kind == .unavailable)
            #expect(error?.message.contains("server does not support SSL") == true, "\(String(describing: error))")
        }
    }

    @Test func `what is larger than any buffer goes there and back through TLS, and through a COPY`() async throws {
        let server = try await TLSServer.shared()
        let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await withClient(server.configuration("sslmode=require")) { client in
            // Compared here, or a failure would print them.
            let isTheSame = try await client.query("SELECT \(large)")[0].decode([UInt8].self, at: 0) == large
            #expect(isTheSame)
            let bytes = try await client.withTransaction { transaction in
                try await transaction.copyOut(
                    "COPY (SELECT repeat('x', 99) FROM generate_series(1, 30000)) TO STDOUT"
                ) { output in
                    try await output.reduce(0) { $0 + $1.count }
                }
            }
            #expect(bytes == 3_000_000)
        }
    }
}

/// A server with a certificate for `localhost` that only itself has signed, shared by the tests of TLS.
private struct TLSServer: Sendable {
    private let administrator: PostgresConfiguration
    /// Where the certificates are: `server.crt`, and `other.crt`, of one that has signed nothing.
    private let folder: String
    /// Kept, as it ends with them.
    private let servers: TestServers

    private static let sharedServer = Task { try await start() }

    static func shared() async throws -> TLSServer { try await sharedServer.value }

    /// The server makes its own key, as it must be the one who owns it, and whoever runs the tests can read the
    /// certificates beside it.
    private static func start() async throws -> TLSServer {
        let servers = try await TestServers.start()
        let folder = try await withClient(servers.administrator) { client in
            for (name, subject) in [("server", "localhost"), ("other", "other.example")] {
                let options =
                    "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).crt "
                    + "-subj /CN=\(subject) -addext subjectAltName=DNS:\(subject)"
                try await client.run(
                    statement: "COPY (SELECT 1 WHERE false) TO PROGRAM '/usr/bin/openssl req \(options)'")
            }
            try await client.run(statement: "ALTER SYSTEM SET ssl = on")
            return try await client.query("SELECT current_setting('data_directory')")[0].decode(String.self, at: 0)
        }
        try await servers.postgres?.restart()
        return TLSServer(administrator: servers.administrator, folder: folder, servers: servers)
    }

    /// The administrator's, with `settings` of libpq beyond it, in which certificates are named by their files.
    func configuration(_ settings: String) throws -> PostgresConfiguration {
        let settings = settings.replacing("sslrootcert=", with: "sslrootcert=\(folder)/")
        return try PostgresConfiguration(url: administrator.url + "&" + settings)
    }
}
