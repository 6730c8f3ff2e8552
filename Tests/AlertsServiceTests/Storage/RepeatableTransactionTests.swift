import Postgres
import TestKit
import Testing

@testable import AlertsService

@Suite struct RepeatableTransactionTests {
    static let crossed: [SQL] = [
        "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$",
    ]

    @Test func `a transaction whose way others have crossed is begun anew`() async throws {
        let server = try await AlertsServer.shared()
        try await withClient(server.database.configuration(.alerts)) { client in
            var attempts = 0
            let value = try await client.withRepeatableTransaction(as: .platform) { transaction in
                attempts += 1
                if attempts <= Self.crossed.count { try await transaction.query(Self.crossed[attempts - 1]) }
                return try await transaction.query("SELECT 7").only { try $0.decode(Int32.self, at: 0) }
            }
            #expect(value == 7 && attempts == 3)
        }
    }

    @Test(arguments: ["40P01", "22012"])
    func `what stays refused is thrown, and other errors at once`(_ state: String) async throws {
        let server = try await AlertsServer.shared()
        try await withClient(server.database.configuration(.alerts)) { client in
            var attempts = 0
            let error = await #expect(throws: PostgresError.self) {
                try await client.withRepeatableTransaction(as: .platform) { transaction in
                    attempts += 1
                    try await transaction.query(state == "40P01" ? Self.crossed[0] : "SELECT 1 / 0")
                }
            }
            #expect(error?.sqlState?.rawValue == state)
            #expect(attempts == (state == "40P01" ? 3 : 1))
        }
    }
}
