import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

extension AuthServer {
    /// Runs `body` while a transaction has made `changes` and takes its time, until what `body` does waits for it.
    func during<Value: Sendable>(
        _ changes: SQL..., do body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withClient(database.administrator) { client in
            let running = try await client.withTransaction { transaction -> Task<Value, any Error> in
                let rows = try await transaction.batch(changes + ["SELECT pg_backend_pid()::bigint"])
                let process = try #require(try rows.last?.first?.decode(Int.self))
                let task = Task { try await body() }
                try await eventually {
                    try await query("SELECT 1 FROM pg_stat_activity WHERE \(process) = ANY(pg_blocking_pids(pid))")
                        .count > 0
                }
                return task
            }
            return try await running.value
        }
    }
}

extension JSONValue {
    /// What a token says.
    var claims: JSONValue {
        get throws {
            let part = try #require(string?.split(separator: ".")[1])
            return try JSONDecoder().decode(JSONValue.self, from: Data(try #require(Base64URL.decode(part))))
        }
    }
}
