import FoundationEssentials
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import LocalStack

/// The whole stack, with shell scripts in the place of the services.
final class StackTests {
    private let path = FileManager.default.temporaryDirectory.path + "/lms-stack-" + randomHex(bytes: 6)
    private let logger = Logger(label: "test")

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    private func options(script: String) throws -> Stack.Options {
        try makeFolder(path + "/bin")
        for component in Component.allCases {
            try writeFile("#!/bin/sh\n" + script, to: "\(path)/bin/\(component.executable)", mode: 0o755)
        }
        return Stack.Options(
            binaries: path + "/bin", purpose: .tests, environment: ["PATH": "/usr/bin:/bin", "LMS_LOG_LEVEL": "debug"])
    }

    @Test func `it migrates every service, keeps the processes running, and stops them all`() async throws {
        let options = try options(script: "echo $0 $1 $LMS_HTTP_PORT; [ \"$1\" = migrate ] || exec sleep infinity\n")
        let stack = try await Stack.prepare(in: StateFolder(path: path + "/state"), options, logger: logger)
        #expect(lastLines(ofFile: stack.folder.log("billing-migrate")).last?.contains("lms-billing migrate") == true)
        async let running: Void = stack.run()
        let devices = try #require(stack.services[.devices])
        try await eventually { await devices.processID != nil }
        let first = await devices.processID
        await devices.kill()
        try await eventually { await ![nil, first].contains(devices.processID) }
        await stack.stop()
        await running
        for process in stack.servers + stack.services.values { #expect(await process.processID == nil) }
    }

    @Test func `the gateway stops first, then the services, and the servers once nobody needs them`() async throws {
        // What ends says so only while it reaches both servers.
        let options = try options(
            script: """
                [ "$1" = migrate ] && exit
                finish() {
                    # The gateway has requests to finish.
                    case "$0" in *-gateway) sleep 1 ;; esac
                    for server in postgres redis; do
                        port=$(sed -n "s/^$server //p" \(path)/state/ports)
                        bash -c ": </dev/tcp/127.0.0.1/$port" || exit
                    done
                    echo "${0##*-}" >>\(path)/finished
                    exit
                }
                sleep infinity &
                trap 'kill $!' EXIT
                trap finish TERM
                touch "$0.runs"
                wait

                """)
        let stack = try await Stack.prepare(in: StateFolder(path: path + "/state"), options, logger: logger)
        async let running: Void = stack.run()
        try await eventually(within: .seconds(30)) {
            Component.allCases.allSatisfy {
                FileManager.default.fileExists(atPath: "\(path)/bin/\($0.executable).runs")
            }
        }
        await stack.stop()
        await running
        let finished = lastLines(ofFile: path + "/finished").compactMap(Component.init)
        #expect(finished.first == .gateway)
        #expect(finished.count == Component.allCases.count && Set(finished) == Set(Component.allCases))
        for server in stack.servers { #expect(await server.processID == nil) }
    }

    @Test func `servers of somebody else get the schema and are left running, and none is started beside them`()
        async throws
    {
        let servers = try await TestServers.start()
        let database = servers.administrator.inDatabase(try await servers.createDatabase())
        var options = try options(script: "[ \"$1\" = migrate ] || exec sleep infinity\n")
        options.databaseURL = database.url
        options.redisURL = servers.newRedisURL()
        let processes = await [servers.postgres?.processID, servers.redis?.processID]

        let stack = try await Stack.prepare(in: StateFolder(path: path + "/state"), options, logger: logger)
        #expect(stack.servers.isEmpty)
        let ports = PortTable(text: textOfFile(stack.folder.path + "/ports") ?? "").ports
        #expect(Set(ports.keys) == Set(Component.allCases.map(\.rawValue) + ["gateway-admin"]))
        for service in Service.allCases {
            #expect(textOfFile(stack.folder.log("\(service)-migrate")) != nil)
            let component = try #require(Component(rawValue: service.rawValue))
            let environment = try stack.installation.environment(component)
            #expect(environment["LMS_REDIS_URL"] == options.redisURL)
            let role = try PostgresConfiguration(url: try #require(environment["LMS_DATABASE_URL"]))
            try await withClient(role) { client in
                let schemas = try await client.query(
                    """
                    SELECT nspname FROM pg_namespace
                    WHERE nspname IN ('core', \(service.rawValue)) AND has_schema_privilege(oid, 'USAGE')
                    """)
                #expect(schemas.count == 2)
            }
        }
        await stack.stop()
        #expect(await [servers.postgres?.processID, servers.redis?.processID] == processes)
        #expect(processes.allSatisfy { $0 != nil })
        await servers.stop()
    }

    @Test func `a migration that fails stops the servers and says why`() async throws {
        let options = try options(script: "echo 0001_first.sql is broken >&2; exit 1\n")
        let folder = try StateFolder(path: path + "/state")
        let error = await #expect(throws: LocalStackError.self) {
            try await Stack.prepare(in: folder, options, logger: self.logger)
        }
        #expect(error?.description.contains("0001_first.sql is broken") == true)
        let port = try #require(PortTable(text: textOfFile(folder.path + "/ports") ?? "").ports["postgres"])
        #expect(isLoopbackPortFree(port))
    }

    @Test func `a gateway port that is taken is an error before anything is started`() async throws {
        var options = try options(script: "exit 0\n")
        let redis = try RedisServer(in: StateFolder(path: path + "/other"), purpose: .tests)
        let process = ManagedProcess(redis, logger: logger)
        try await process.start()
        options.gatewayPort = redis.port
        let folder = try StateFolder(path: path + "/state")
        let chosen = options
        let error = await #expect(throws: LocalStackError.portBusy(redis.port, option: "--port")) {
            try await Stack.prepare(in: folder, chosen, logger: self.logger)
        }
        #expect(error?.description.contains("make run ARGS=\"--port \(redis.port + 1)\"") == true)
        await process.stop()
    }

    @Test(arguments: [
        ("LMS_DATABASE_URL", "postgresql://boss:secret-word@127.0.0.1:1/lms"),
        ("LMS_REDIS_URL", "redis://:secret-word@127.0.0.1:1/0"),
    ])
    func `a server of somebody else that does not answer is named, with what to do`(
        variable: String, url: String
    ) async throws {
        var options = try options(script: "exit 0\n")
        if variable == "LMS_REDIS_URL" { options.redisURL = url }
        options.databaseURL = variable == "LMS_DATABASE_URL" ? url : try await TestServers.shared().administrator.url
        let (chosen, folder) = (options, try StateFolder(path: path + "/state"))
        let error = await #expect(throws: LocalStackError.self) {
            try await Stack.prepare(in: folder, chosen, logger: self.logger)
        }
        guard case .unreachable(variable, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("type: unset \(variable)") == true)
        #expect(error?.description.contains("secret-word") == false)
    }

    @Test func `a role that may not set up the database is told so`() async throws {
        var options = try options(script: "exit 0\n")
        try await TestDatabase.with { database in
            options.databaseURL = database.configuration(.devices).url
            let (chosen, folder) = (options, try StateFolder(path: path + "/state"))
            let error = await #expect(throws: LocalStackError.self) {
                try await Stack.prepare(in: folder, chosen, logger: self.logger)
            }
            guard case .notAdministrator("LMS_DATABASE_URL", _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.description.contains("CREATEROLE") == true)
        }
    }

    @Test func `a machine without redis-server is told what to type`() throws {
        #expect(RedisServer.installed(on: path) == nil)
        let folder = try StateFolder(path: path + "/state")
        let error = #expect(throws: LocalStackError.redisMissing) {
            try RedisServer(in: folder, purpose: .tests, executable: RedisServer.installed(on: path))
        }
        #expect(error?.description.contains("Type: sudo apt-get install redis-server") == true)
    }

    @Test(arguments: [("exit 127", "is not installed"), ("echo Swift version 6.1.2", "This is Swift 6.1,")])
    func `a machine without the Swift that is needed is told where to get it`(swift: String, words: String) async throws
    {
        try makeFolder(path)
        try writeFile("#!/bin/sh\n\(swift)\n", to: path + "/swift", mode: 0o755)
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../.."
        let log = path + "/setup.log"
        let status = try await ChildProcess.start(
            Command(
                root + "/tools/setup.sh", environment: ["PATH": "/usr/bin:/bin", "SWIFT": path + "/swift"], log: log)
        ).waitForExit()
        #expect(status == .exited(code: 1))
        let said = textOfFile(log) ?? ""
        #expect(said.contains(words) && said.contains("https://www.swift.org/install/"))
    }
}
