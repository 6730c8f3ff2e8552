import CPostgres

extension Transaction {
    /// Runs a script of several statements, as a migration is: the one place where text that is not a literal of the
    /// source becomes SQL, so it must come from a file of ours and never from a request.
    ///
    /// - Throws: ``PostgresError`` of the first statement that failed.
    public func run(script: String) async throws {
        try await cancellable { try await connection.run(script: script) }
    }
}

extension PostgresConnection {
    /// Several statements in one string need the simple protocol, which does not work in pipeline mode.
    func run(script: String) async throws {
        _ = try await executeInTransaction([])
        try await leavePipelineMode(sending: script)
        try await takeRemainingResults()
    }
}

extension PostgresClient {
    /// Runs one statement of a file outside any transaction, as `CREATE INDEX CONCURRENTLY` needs it.
    ///
    /// - Throws: ``PostgresError``.
    public func run(statement: String) async throws {
        let lease = try await lease()
        do {
            try await lease.connection.run(script: statement)
            await release(lease)
        } catch {
            await release(lease)
            throw error
        }
    }
}
