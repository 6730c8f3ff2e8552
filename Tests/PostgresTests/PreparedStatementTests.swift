import Postgres
import TestKit
import Testing

struct PreparedStatementTests {
    private struct Prepared: Equatable {
        let types: String
        let executions: Int
    }

    @Test func `a text is prepared once for each choice of types, and executed as often as it is asked for`()
        async throws
    {
        // One connection, so that it has prepared whatever there is.
        try await withClient(TestServers.shared().administrator) { client in
            for number in 1...20 {
                let text = "\(number)"
                #expect(try await client.query("SELECT \(number)::text")[0].decode(String.self, at: 0) == text)
                #expect(try await client.query("SELECT \(text)::text")[0].decode(String.self, at: 0) == text)
            }
            let prepared = try await client.query(
                """
                SELECT parameter_types::text, generic_plans + custom_plans FROM pg_prepared_statements
                WHERE statement = 'SELECT $1::text' ORDER BY 1
                """
            ).map { row in
                let (types, executions) = try row.decode(String.self, Int.self)
                return Prepared(types: types, executions: executions)
            }
            #expect(
                prepared == [Prepared(types: "{bigint}", executions: 20), Prepared(types: "{text}", executions: 20)])
        }
    }

    @Test func `a leased connection keeps what it has prepared for the next transaction`() async throws {
        var configuration = try await TestServers.shared().administrator
        configuration.maximumLeases = 1
        try await withClient(configuration) { client in
            for number in 1...20 { try await client.withTransaction { _ = try await $0.query("SELECT \(number) + 1") } }
            let executions = try await client.withTransaction { transaction in
                try await transaction.query(
                    """
                    SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement = 'SELECT $1 + 1'
                    """
                ).map { try $0.decode(Int.self, at: 0) }
            }
            #expect(executions == [20])
        }
    }
}
