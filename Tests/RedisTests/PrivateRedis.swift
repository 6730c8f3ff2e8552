import Foundation
import LocalStack
import Logging
import Redis
import TestKit

/// A Redis of the test's own, which it may halt and kill.
struct PrivateRedis: Sendable {
    let process: ManagedProcess
    let configuration: RedisConfiguration
}

/// Runs `body` with a client, connected unless `waits` is false, and ends the client afterwards. Without a
/// configuration it is a client of an empty database on the server that tests share.
func withClient<Value: Sendable>(
    _ configuration: RedisConfiguration? = nil, waits: Bool = true,
    _ body: @Sendable (RedisClient) async throws -> Value
) async throws -> Value {
    let client =
        if let configuration { RedisClient(configuration) } else { RedisClient(try await emptyDatabase()) }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await client.run() }
        defer { group.cancelAll() }
        if waits { try await client.waitUntilConnected() }
        return try await body(client)
    }
}

/// An empty database on the server that tests share.
func emptyDatabase() async throws -> RedisConfiguration {
    try RedisConfiguration(url: try await TestServers.shared().newRedisURL())
}

/// As ``withClient(_:waits:_:)`` with a server of its own.
func withServer(
    commandTimeout: Duration = .seconds(3), _ body: @Sendable (RedisClient, PrivateRedis) async throws -> Void
) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "redis-test-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let server = try RedisServer(in: StateFolder(path: folder), purpose: .tests)
    let process = ManagedProcess(server, logger: Logger(label: "redis-test"))
    try await process.start()
    var configuration = try RedisConfiguration(url: server.url())
    configuration.commandTimeout = commandTimeout
    let redis = PrivateRedis(process: process, configuration: configuration)
    do {
        try await withClient(configuration) { try await body($0, redis) }
    } catch {
        await process.kill()
        throw error
    }
    await process.kill()
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
