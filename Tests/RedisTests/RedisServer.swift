import Foundation
import Redis
import Synchronization

/// A throw-away `redis-server` on a free loopback port, without persistence.
final class RedisServer: Sendable {
    /// The server that the tests share which do no harm to it.
    static let shared: RedisServer = {
        let server = RedisServer()
        server.start()
        atexit { RedisServer.shared.kill() }
        return server
    }()

    let port: Int
    let password: String?
    private let process = Mutex<pid_t>(0)

    init(password: String? = nil) {
        port = Self.freePort()
        self.password = password
    }

    var configuration: RedisConfiguration {
        RedisConfiguration(host: "127.0.0.1", port: port, password: password)
    }

    func start() {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
        process.arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp",
            "--loglevel", "warning", "--enable-debug-command", "yes",
        ]
        if let password { process.arguments?.append(contentsOf: ["--requirepass", password]) }
        process.standardOutput = FileHandle.nullDevice
        try! process.run()
        self.process.withLock { $0 = process.processIdentifier }
    }

    func signal(_ number: Int32) {
        _ = Foundation.kill(process.withLock { $0 }, number)
    }

    func kill() {
        signal(SIGKILL)
    }

    private static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(descriptor, pointer, length)
                _ = getsockname(descriptor, pointer, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Runs `body` with a client that is connected, and ends the client afterwards.
func withClient<Value: Sendable>(
    _ configuration: RedisConfiguration = RedisServer.shared.configuration, waits: Bool = true,
    _ body: @Sendable (RedisClient) async throws -> Value
) async throws -> Value {
    let client = RedisClient(configuration)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await client.run() }
        defer { group.cancelAll() }
        if waits { try await client.waitUntilConnected() }
        return try await body(client)
    }
}

/// As ``withClient(_:waits:_:)`` with a server of its own, which the test may kill.
func withServer(
    password: String? = nil, commandTimeout: Duration = .seconds(3),
    _ body: @Sendable (RedisClient, RedisServer) async throws -> Void
) async throws {
    let server = RedisServer(password: password)
    server.start()
    defer { server.kill() }
    var configuration = server.configuration
    configuration.commandTimeout = commandTimeout
    try await withClient(configuration) { try await body($0, server) }
}

/// Polls until `condition` holds or 10 s have passed.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return false
}

/// A key of the test's own.
func freshKey(_ name: String = #function) -> String {
    "test:\(name):\(UUID().uuidString)"
}

extension [UInt8] {
    init(_ text: String) {
        self = Array(text.utf8)
    }
}
