import Kernel
import LocalStack
import Postgres

extension Installation {
    /// Runs a client whom the database takes for a service, so that an administrator without rights on its tables will do.
    ///
    /// - Throws: `PostgresError`, `LocalStackError`; what `body` throws.
    func withClient<Result: Sendable>(
        as service: Component, _ body: @Sendable (PostgresClient) async throws -> Result
    ) async throws -> Result {
        let url = try environment(service)["LMS_DATABASE_URL"] ?? ""
        let client = PostgresClient(try PostgresConfiguration(url: url))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            return try await body(client)
        }
    }
}
