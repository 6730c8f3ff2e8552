import Postgres

extension PostgresClient {
    /// How often a transaction is begun whose way others cross.
    private static let attempts = 3

    /// As `withTransaction`, and begun anew where PostgreSQL has ended it for the sake of another one: of two that wait for
    /// each other, one always gets through.
    ///
    /// - Parameter body: May run several times, and changes nothing but what is in the database.
    /// - Throws: As `withTransaction`.
    func withRepeatableTransaction<Value>(
        as scope: Scope, isolation: isolated (any Actor)? = #isolation,
        _ body: (Transaction) async throws -> sending Value
    ) async throws -> sending Value {
        for _ in 1..<Self.attempts {
            do {
                return try await withTransaction(as: scope, isolation: isolation, body)
            } catch let error as PostgresError
                where error.sqlState == .deadlockDetected || error.sqlState == .serializationFailure
            {}
        }
        return try await withTransaction(as: scope, isolation: isolation, body)
    }
}
