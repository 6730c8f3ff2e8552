import CPostgres

/// What COPY and scripts need: they do not work in pipeline mode, so the connection leaves it for the time being.
///
/// How long they take is not known beforehand, so it is silence that is bounded, by as much as a request may take.
extension PostgresConnection {
    /// Sends a statement, or several, by the simple protocol.
    func leavePipelineMode(sending text: String) async throws {
        watch?.cancel()
        watch = nil
        guard PQexitPipelineMode(handle.pointer) == 1, PQsendQuery(handle.pointer, text) == 1 else { throw failed() }
        try await flushFully()
    }

    /// Takes the results up to the last one and goes back into pipeline mode.
    ///
    /// - Returns: How many rows the last command touched.
    /// - Throws: ``PostgresError`` of the first result that is one.
    @discardableResult
    func takeRemainingResults() async throws -> Int {
        var affected = 0
        var failure: PostgresError?
        while let result = try await nextResult() {
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                affected = Int(String(cString: PQcmdTuples(result))) ?? 0
            default:
                failure = failure ?? PostgresError(result: result, statement: nil)
            }
            PQclear(result)
        }
        copyState = .none
        guard PQenterPipelineMode(handle.pointer) == 1 else { throw failed() }
        watchForAnswers()
        if let failure { throw failure }
        return affected
    }

    func nextResult() async throws -> OpaquePointer? {
        while PQisBusy(handle.pointer) == 1 { try await waitForInput() }
        return PQgetResult(handle.pointer)
    }

    func waitForInput() async throws {
        try await wait(for: .read, until: deadline())
        guard PQconsumeInput(handle.pointer) == 1 else { throw failed() }
    }

    func flushFully() async throws {
        while true {
            switch PQflush(handle.pointer) {
            case 0: return
            case 1: try await wait(for: .write, until: deadline())
            default: throw failed()
            }
        }
    }

    /// The connection is of no more use; the error says why.
    func failed() -> PostgresError {
        lose()
        return failure ?? PostgresError(.connectionLost, "the connection to PostgreSQL was lost")
    }
}
