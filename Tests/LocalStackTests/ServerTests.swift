import FoundationEssentials
import Glibc
import Logging
import TestKit
import Testing

@testable import LocalStack

/// The private servers themselves, each in a folder of its own.
struct ServerTests {
    private let path = FileManager.default.temporaryDirectory.path + "/lms-localstack-" + randomHex(bytes: 6)
    private let logger = Logger(label: "test")

    private func psql(_ server: PostgresServer, _ statement: String) async throws -> String {
        let log = path + "/psql-" + randomHex(bytes: 4)
        let arguments = try ["-X", "-A", "-t", "-q", "-c", statement, server.administrator().url]
        try await ChildProcess.run(
            Command(server.installation.binaries + "/psql", arguments, environment: ["PATH": "/usr/bin:/bin"], log: log)
        )
        return lastLines(ofFile: log).joined(separator: "\n")
    }

    @Test func `a cluster keeps its data and its port over a stop, a crash and a second run`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var port = 0
        do {
            let server = try await PostgresServer(in: StateFolder(path: path), purpose: .tests)
            port = server.port
            let process = ManagedProcess(server, logger: logger)
            try await process.start()
            _ = try await psql(server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
            try await process.restart()
            #expect(try await psql(server, "SELECT n FROM kept") == "7")
            await process.kill()
            #expect(await process.processID == nil)
            try await process.start()
            #expect(try await psql(server, "SELECT n FROM kept") == "7")
            await process.stop()
        }
        let again = try await PostgresServer(in: StateFolder(path: path), purpose: .tests)
        #expect(again.port == port)
        let process = ManagedProcess(again, logger: logger)
        try await process.start()
        #expect(try await psql(again, "SELECT n FROM kept") == "7")
        await process.stop()
    }

    @Test func `a Redis answers once it is started and is started again when it dies`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try RedisServer(in: StateFolder(path: path), purpose: .tests)
        let process = ManagedProcess(server, logger: logger)
        try await process.start()
        let first = await process.processID
        async let supervision: Void = process.run()
        await process.kill()
        try await eventually { await process.processID != nil }
        #expect(await process.processID != first)
        await process.stop()
        await supervision
        #expect(await process.processID == nil)
    }

    @Test func `a second user of a folder is refused with the first one's process id`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let first = try StateFolder(path: path)
            #expect(throws: LocalStackError.folderInUse(path: path, processID: Int(getpid()))) {
                try StateFolder(path: first.path)
            }
        }
        #expect(throws: Never.self) { try StateFolder(path: path) }
    }

    @Test func `secrets are the same every time and for nobody else's eyes`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try StateFolder(path: path)
        let key = try folder.secretKey()
        #expect(try folder.secretKey() == key)
        #expect(Data(base64Encoded: key)?.count == 32)
        var file = stat()
        #expect(stat(path + "/secrets/secret-key", &file) == 0)
        #expect(file.st_mode & 0o777 == 0o600)
    }
}
