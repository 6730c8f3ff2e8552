import CPostgres

/// One Sync's worth of statements under way.
///
/// It keeps its place in the pipeline when nobody waits for it any more, so that what the server still answers is not
/// taken for the next one's.
struct Request {
    typealias Outcome = Result<[Rows], any Error>

    private enum Step {
        case prepare(Statement.Key, name: String)
        case execute(Statement.Key)
    }

    let deadline: ContinuousClock.Instant
    private var answer: (@Sendable (Outcome) -> Void)?
    private var steps: [Step] = []
    private var step = 0
    private var prepared: Set<String> = []
    private var rows: [Rows] = []
    private var error: PostgresError?

    /// - Parameter answer: Called once.
    init(deadline: ContinuousClock.Instant, answer: @escaping @Sendable (Outcome) -> Void) {
        self.deadline = deadline
        self.answer = answer
    }

    mutating func willPrepare(_ key: Statement.Key, name: String) {
        steps.append(.prepare(key, name: name))
    }

    mutating func willExecute(_ key: Statement.Key) {
        steps.append(.execute(key))
    }

    /// The results of the step that is being answered are complete.
    mutating func endStep() {
        step += 1
    }

    /// The statements that were to be prepared, and whether the server did.
    var preparations: [(key: Statement.Key, name: String, isPrepared: Bool)] {
        steps.compactMap { step in
            guard case .prepare(let key, let name) = step else { return nil }
            return (key, name, prepared.contains(name))
        }
    }

    /// Takes a result, and its memory, for the step that is being answered.
    mutating func take(_ result: OpaquePointer) {
        let current = step < steps.count ? steps[step] : nil
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            if case .prepare(_, let name) = current {
                prepared.insert(name)
                PQclear(result)
            } else {
                rows.append(Rows(takingOwnershipOf: result))
            }
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
        default:
            if error == nil {
                let text: String? =
                    switch current {
                    case .prepare(let key, _), .execute(let key): key.text
                    case nil: nil
                    }
                error = PostgresError(result: result, statement: text)
            }
            PQclear(result)
        }
    }

    /// Everything has been answered.
    mutating func complete() {
        answer.take()?(error.map { .failure($0) } ?? .success(rows))
    }

    /// The rest will not be waited for; an error that has come already says more than `reason`.
    mutating func fail(_ reason: PostgresError) {
        answer.take()?(.failure(error ?? reason))
    }
}
