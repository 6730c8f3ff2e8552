import FoundationEssentials

/// A transaction on a connection of its own.
public struct Transaction: Sendable {
    let connection: PostgresConnection

    /// Runs one statement. Cancelling the task cancels it on the server.
    ///
    /// - Throws: ``PostgresError``; then the transaction can only be rolled back.
    @discardableResult
    public func query(_ sql: SQL) async throws -> Rows {
        let rows = try await batch([sql])
        guard let last = rows.last else { throw PostgresError(.connectionLost, "no result arrived") }
        return last
    }

    /// Runs the statements in one round trip.
    ///
    /// - Throws: ``PostgresError`` of the first that failed; then the transaction can only be rolled back.
    @discardableResult
    public func batch(_ statements: [SQL]) async throws -> [Rows] {
        let statements = statements.map(Statement.init)
        return try await cancellable { try await connection.executeInTransaction(statements) }
    }

    /// Runs `body`, which waits for the server, and cancels what the server does when the task is cancelled.
    func cancellable<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            try await body()
        } onCancel: {
            connection.canceller.cancel()
        }
    }
}

extension PostgresClient {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws. An organization's transactions
    /// have at most half of the connections at once; more of them wait.
    ///
    /// - Throws: What `body` throws, or ``PostgresError``. When `COMMIT` itself fails with `connectionLost`, whether
    ///   the transaction took effect is not known.
    public func withTransaction<Value>(
        as scope: Scope = .none, isolation: isolated (any Actor)? = #isolation,
        _ body: (Transaction) async throws -> sending Value
    ) async throws -> sending Value {
        let lease = try await lease(for: scope.organization)
        await lease.connection.begin(scope.prologue(platformRole: configuration.platformRole))
        do {
            let value = try await body(Transaction(connection: lease.connection))
            try await lease.connection.commit()
            await release(lease)
            return value
        } catch {
            await lease.connection.cancellationSettled()
            await lease.connection.rollback()
            await release(lease)
            throw error
        }
    }
}

extension PostgresConnection {
    /// Notes the beginning of a transaction; it is sent with the first statement.
    func begin(_ prologue: [Statement]) {
        transactionPrologue = [Statement("BEGIN")] + prologue
    }

    func executeInTransaction(_ statements: [Statement]) async throws -> [Rows] {
        let prologue = transactionPrologue
        transactionPrologue = []
        return try await Array(execute(prologue + statements).dropFirst(prologue.count))
    }

    func commit() async throws {
        guard !discardUnusedTransaction() else { return }
        let rows = try await execute([Statement("COMMIT")])
        if rows.last?.commandTag == "ROLLBACK" {
            throw PostgresError(.transactionAborted, "the transaction had failed, so its COMMIT rolled it back")
        }
    }

    /// A roll-back that fails leaves the connection in a transaction, so that it is not used again.
    func rollback() async {
        guard !discardUnusedTransaction(), isOpen, isInTransaction else { return }
        _ = try? await execute([Statement("ROLLBACK")])
    }

    /// Whether the transaction never sent anything, so that there is nothing to end.
    private func discardUnusedTransaction() -> Bool {
        defer { transactionPrologue = [] }
        return !transactionPrologue.isEmpty
    }

    /// Whether the next user finds the connection as a new one would be.
    var isReusable: Bool { isOpen && !isInTransaction && outstanding == 0 }
}
