import Testing

@testable import LocalStack

struct PostgresSettingsTests {
    private func settings(socket: String? = "/run/x", preload: [String] = [], _ purpose: Purpose) -> String {
        PostgresSettings(port: 20_001, socketFolder: socket, preload: preload, purpose: purpose).configuration
    }

    @Test func `the cluster listens on loopback alone`() {
        let text = settings(.development)
        #expect(text.contains("listen_addresses = '127.0.0.1'\nport = 20001\n"))
        #expect(!PostgresSettings.access.contains("trust"))
    }

    @Test func `only a throw-away cluster goes without fsync`() {
        #expect(!settings(.development).contains("fsync"))
        #expect(settings(.tests).contains("fsync = off"))
    }

    @Test func `libraries are preloaded only when they are installed`() {
        #expect(settings(.tests).contains("shared_preload_libraries = ''\n"))
        let both = settings(preload: ["timescaledb", "pg_stat_statements"], .tests)
        #expect(both.contains("shared_preload_libraries = 'timescaledb,pg_stat_statements'\n"))
        #expect(both.contains("timescaledb.telemetry_level = 'off'"))
    }

    @Test func `a quote in a path is doubled`() {
        #expect(settings(socket: "/o'brien", .tests).contains("unix_socket_directories = '/o''brien'\n"))
    }

    @Test func `a socket whose path is too long for the system is left out`() {
        let name = "/.s.PGSQL.20001".count
        let fits = "/" + String(repeating: "a", count: PostgresSettings.longestSocketPath - name - 1)
        #expect(PostgresSettings.socketFolder(fits, port: 20_001) == fits)
        #expect(PostgresSettings.socketFolder(fits + "a", port: 20_001) == nil)
    }
}

struct RedisSettingsTests {
    private func settings(folder: String = "/srv/redis", _ purpose: Purpose) -> String {
        RedisSettings(port: 20_002, folder: folder, password: "secret", purpose: purpose).configuration
    }

    @Test func `Redis listens on loopback alone and wants a password`() {
        #expect(settings(.tests).hasPrefix("bind 127.0.0.1\nport 20002\nrequirepass secret\n"))
    }

    @Test func `Redis logs what it is told, and only data that are kept wait for the disk`() {
        #expect(settings(.development).contains("appendonly yes\nappendfsync everysec"))
        #expect(settings(.tests).contains("appendonly yes\nappendfsync no"))
    }

    @Test func `spaces and quotes in the folder's name are kept`() {
        #expect(settings(folder: #"/my "lab" x"#, .tests).contains(#"dir "/my \"lab\" x""#))
    }
}

struct PostmasterStatusTests {
    private let lines = ["4711", "/data", "1700000000", "20001", "/run", "127.0.0.1", "  1  2"]

    @Test func `a cluster is ready only once its eighth line says so`() {
        #expect(PostmasterStatus(text: lines.joined(separator: "\n"))?.isReady == false)
        #expect(PostmasterStatus(text: (lines + ["starting"]).joined(separator: "\n"))?.isReady == false)
        let ready = PostmasterStatus(text: (lines + ["ready   ", ""]).joined(separator: "\n"))
        #expect(ready?.isReady == true)
        #expect(ready?.processID == 4711)
    }

    @Test func `a file that is being written says nothing`() {
        #expect(PostmasterStatus(text: "") == nil)
    }
}
