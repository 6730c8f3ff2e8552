import CPostgres

/// The chunks of a `COPY … TO STDOUT`, each of whole rows; reading them slowly slows the server down.
public struct CopyOut: AsyncSequence, Sendable {
    let connection: PostgresConnection

    public struct AsyncIterator: AsyncIteratorProtocol {
        let connection: PostgresConnection

        /// - Throws: ``PostgresError``.
        public mutating func next() async throws -> [UInt8]? {
            try await connection.nextCopyChunk()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(connection: connection)
    }
}

extension Transaction {
    /// Sends `chunks` as the data of a `COPY … FROM STDIN`, no faster than the server takes them.
    ///
    /// - Parameter sql: The statement; its values are written into its text, since COPY takes no parameters.
    /// - Returns: How many rows were copied.
    /// - Throws: ``PostgresError``, or what `chunks` throws; then nothing was copied.
    public func copyIn<Chunks: AsyncSequence & Sendable>(
        _ sql: SQL, _ chunks: Chunks
    ) async throws -> Int where Chunks.Element == [UInt8] {
        try await cancellable {
            try await connection.beginCopy(sql, expecting: PGRES_COPY_IN)
            do {
                for try await chunk in chunks { try await connection.putCopyChunk(chunk) }
            } catch {
                _ = try? await connection.endCopyIn(failure: "the client gave up")
                throw error
            }
            return try await connection.endCopyIn(failure: nil)
        }
    }

    /// Sends `rows` as the data of a `COPY … FROM STDIN (FORMAT binary)`.
    ///
    /// - Parameter sql: As of ``copyIn(_:_:)``, in text.
    /// - Returns: How many rows were copied.
    /// - Throws: ``PostgresError``; then nothing was copied.
    public func copyIn(_ sql: SQL, _ rows: CopyRows) async throws -> Int {
        try await cancellable {
            try await connection.beginCopy(sql, expecting: PGRES_COPY_IN)
            try await connection.putCopyChunk(rows.data)
            return try await connection.endCopyIn(failure: nil)
        }
    }

    /// Runs a `COPY … TO STDOUT` and hands its data to `body`, which may stop reading early.
    ///
    /// - Parameter sql: The statement; its values are written into its text, since COPY takes no parameters.
    /// - Throws: ``PostgresError``, or what `body` throws.
    public func copyOut<Value: Sendable>(
        _ sql: SQL, isolation: isolated (any Actor)? = #isolation, _ body: (CopyOut) async throws -> Value
    ) async throws -> Value {
        try await cancellable {
            try await connection.beginCopy(sql, expecting: PGRES_COPY_OUT)
            do {
                let value = try await body(CopyOut(connection: connection))
                try await connection.endCopyOut()
                return value
            } catch {
                try? await connection.endCopyOut()
                throw error
            }
        }
    }
}

/// COPY does not work in pipeline mode, so the connection leaves it for the time being.
extension PostgresConnection {
    private static let chunkSize = 64 * 1024

    func beginCopy(_ sql: SQL, expecting status: ExecStatusType) async throws {
        let values = sql.literals.map { [Statement($0)] } ?? []
        let savepoint = status == PGRES_COPY_OUT ? [Statement("SAVEPOINT before_copy")] : []
        let rows = try await executeInTransaction(values + savepoint)
        let literals: [String] = values.isEmpty ? [] : try rows[0][0].decode(at: 0)
        try await leavePipelineMode(sending: sql.text(withValues: literals))
        let result = try await nextResult()
        defer { PQclear(result) }
        guard PQresultStatus(result) == status else {
            // With `$1` for the values.
            let error = PostgresError(result: result, statement: Statement(sql).key.text)
            try await takeRemainingResults()
            throw error
        }
        copyState = status == PGRES_COPY_OUT ? .reading : .writing
    }

    func putCopyChunk(_ chunk: [UInt8]) async throws {
        let accepted = chunk.withUnsafeBytes { bytes in
            PQputCopyData(handle.pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard accepted == 1 else { throw failed() }
        try await flushFully()
    }

    /// - Returns: How many rows were copied; with a `failure` the server throws them away.
    func endCopyIn(failure: String?) async throws -> Int {
        guard PQputCopyEnd(handle.pointer, failure) == 1 else { throw failed() }
        try await flushFully()
        return try await takeRemainingResults()
    }

    func nextCopyChunk() async throws -> [UInt8]? {
        var chunk: [UInt8] = []
        while copyState == .reading {
            var row: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(handle.pointer, &row, 1)
            switch length {
            case 1...:
                chunk.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(length)))
                PQfreemem(row)
                if chunk.count >= Self.chunkSize { return chunk }
            case 0:
                guard chunk.isEmpty else { return chunk }
                try await waitForInput()
            case -1:
                try await takeRemainingResults()
            default:
                throw failed()
            }
        }
        return chunk.isEmpty ? nil : chunk
    }

    /// Ends a COPY OUT. When not all was read the server is stopped, which fails the transaction, so the transaction
    /// goes back to the savepoint before the COPY.
    func endCopyOut() async throws {
        guard copyState == .reading else { return }
        canceller.cancel()
        do {
            while try await nextCopyChunk() != nil {}
        } catch let error as PostgresError where error.sqlState == .queryCanceled {}
        await cancellationSettled()
        _ = try await execute([Statement("ROLLBACK TO SAVEPOINT before_copy")])
    }
}

/// The values of a statement within its text, for what takes no parameters.
extension SQL {
    /// `SELECT` of the values as an array of literals with their types, quoted by the server itself; nil where there are
    /// none.
    fileprivate var literals: SQL? {
        let literals = parts.compactMap { part -> SQL? in
            guard case .bind = part else { return nil }
            var value: SQL = ""
            value.parts = [part]
            return "quote_nullable(\(value)) || '::' || pg_typeof(\(value))::text"
        }
        return literals.isEmpty ? nil : "SELECT ARRAY[\(literals.joined(separator: ", "))]"
    }

    /// - Parameter literals: What ``literals`` selects.
    fileprivate func text(withValues literals: [String]) -> String {
        var literals = literals[...]
        return parts.reduce(into: "") { text, part in
            switch part {
            case .text(let literal): literal.withUTF8Buffer { text += String(decoding: $0, as: UTF8.self) }
            case .bind: text += literals.popFirst() ?? "NULL"
            }
        }
    }
}
