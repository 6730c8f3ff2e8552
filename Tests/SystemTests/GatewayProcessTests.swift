import Foundation
import LocalStack
import TestKit
import Testing

/// `lms-gateway` as an operator runs it, with a file of their own.
@Suite(.timeLimit(.minutes(10))) struct GatewayProcessTests {
    @Test(arguments: [
        ("upstream: service", "upstream: nowhere", ":20:15: there is no upstream 'nowhere'"),
        ("path: /items", "path: [/items", ":20:13: not YAML: did not find expected ',' or ']'"),
        ("path: /items", "path: ${LMS_TEST_PATH}", ":19:11: the environment has no LMS_TEST_PATH"),
        (
            "/items\n    upstream: service", "/items/*\n    static: /nowhere/at/all",
            ":20:13: the folder '/nowhere/at/all' cannot be found"
        ),
    ]) func `A file that is wrong ends the process with 1, its place on standard error, and so does --check`(
        text: String, replacement: String, problem: String
    ) async throws {
        try await withFolder { folder in
            let file = "\(folder)/gateway.yaml"
            try yaml(ports: freePorts(2)).replacingOccurrences(of: text, with: replacement)
                .write(toFile: file, atomically: true, encoding: .utf8)
            for arguments in [[], ["--check"]] {
                let log = "\(folder)/\(arguments.count).log"
                let gateway = try await start(arguments, file: file, log: log)
                #expect(await gateway.waitForExit(within: .seconds(30)) == .exited(code: 1))
                let said = try String(contentsOfFile: log, encoding: .utf8)
                #expect(said.contains("lms-gateway: \(file)\(problem)"), "\(said)")
            }
        }
    }

    @Test func `A file that is right is said to be so by --check, which serves nothing`() async throws {
        try await withFolder { folder in
            let file = "\(folder)/gateway.yaml"
            try yaml(ports: freePorts(2)).write(toFile: file, atomically: true, encoding: .utf8)
            let gateway = try await start(["--check"], file: file, log: "\(folder)/log")
            #expect(await gateway.waitForExit(within: .seconds(30)) == .exited(code: 0))
            let said = try String(contentsOfFile: "\(folder)/log", encoding: .utf8)
            #expect(said == "The gateway's file is valid: 2 routes.\n")
        }
    }

    @Test func `SIGHUP has the file read again: connections and the certificate stay, and a wrong one changes nothing`()
        async throws
    {
        try await withFolder { folder in
            let ports = try freePorts(3)
            let file = "\(folder)/gateway.yaml"
            try await makeCertificate(in: folder)
            let tls = """
                  tls:
                    certificate: \(folder)/certificate.pem
                    key: \(folder)/key.pem
                    port: \(ports[2])

                """
            let first = yaml(ports: ports, tls: tls)
            try first.write(toFile: file, atomically: true, encoding: .utf8)
            let gateway = try await start([], file: file, log: "\(folder)/log")
            let client = TestHTTPClient(port: ports[0])
            try await eventually { try await client.get("/version").status == 200 }
            try await RawConnection.to(port: ports[0]) { kept in
                #expect(try await status(of: "/added", on: &kept) == 404)
                try (first + "  - path: /added\n    answer: alive\n")
                    .write(toFile: file, atomically: true, encoding: .utf8)
                // What comes before the process listens for it is ignored.
                try await eventually(every: .milliseconds(200)) {
                    await gateway.send(.hangup)
                    return try await client.get("/added").status == 200
                }
                #expect(try await status(of: "/added", on: &kept) == 200)
                try await expectTLS(port: ports[2], folder)

                try (first + "  - path: /none\n    upstream: nowhere\n")
                    .write(toFile: file, atomically: true, encoding: .utf8)
                await gateway.send(.hangup)
                try await eventually {
                    try String(contentsOfFile: "\(folder)/log", encoding: .utf8).contains("no upstream 'nowhere'")
                }
                #expect(try await status(of: "/added", on: &kept) == 200)
                try await expectTLS(port: ports[2], folder)
            }
            #expect(await gateway.stop(grace: .seconds(30)) == .exited(code: 0))
        }
    }

    // MARK: Processes

    private func start(_ arguments: [String], file: String, log: String) async throws -> ChildProcess {
        try await ChildProcess.start(
            Command(
                SystemInstallation.binaries + "/lms-gateway", arguments,
                environment: ["PATH": "/usr/bin:/bin", "LMS_GATEWAY_FILE": file], log: log))
    }

    private func makeCertificate(in folder: String) async throws {
        try await ChildProcess.run(
            Command(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "\(folder)/key.pem", "-out",
                    "\(folder)/certificate.pem",
                ], environment: ["PATH": "/usr/bin:/bin"], log: "\(folder)/openssl.log"))
    }

    /// Expects that a new connection is shown the certificate of `folder`: curl takes no other.
    private func expectTLS(port: Int, _ folder: String) async throws {
        let curl = try await ChildProcess.start(
            Command(
                "/usr/bin/curl",
                [
                    "--silent", "--show-error", "--fail", "--cacert", "\(folder)/certificate.pem", "--resolve",
                    "localhost:\(port):127.0.0.1", "https://localhost:\(port)/version",
                ], environment: ["PATH": "/usr/bin:/bin"], log: "\(folder)/curl.log"))
        #expect(await curl.waitForExit() == .exited(code: 0))
    }

    private func status(of path: String, on connection: inout RawConnection) async throws -> Int {
        try await connection.send("GET \(path) HTTP/1.1\r\nHost: lms\r\n\r\n")
        return try await connection.message().status
    }

    // MARK: Files

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/lms-gateway-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func freePorts(_ count: Int) throws -> [Int] {
        let ports = Array((20_000...31_999).shuffled().lazy.filter(isLoopbackPortFree).prefix(count))
        try #require(ports.count == count)
        return ports
    }

    private func yaml(ports: [Int], tls: String = "") -> String {
        """
        listen:
          host: 127.0.0.1
          port: \(ports[0])
        \(tls)admin:
          host: 127.0.0.1
          port: \(ports[1])
        upstreams:
          service: http://127.0.0.1:1
        limits:
          address: {rate: 1000, burst: 1000}
          credential: {rate: 1000, burst: 1000}
          sign_in: {rate: 1000, burst: 1000}
        defaults: {}
        routes:
          - path: /version
            answer: version

          # The route that is made wrong.
          - path: /items
            upstream: service

        """
    }
}
