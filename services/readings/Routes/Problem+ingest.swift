import HTTPKit

extension Batcher.Busy: ProblemConvertible {
    var problem: Problem { .unavailable(retryAfter: 1) }
}

extension IngestRefusal: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .monthUsedUp(let plan, let limit):
            .limitReached(limitName, "The plan '\(plan)' allows \(limit) readings a month, and there are as many.")
        case .tooFast(let plan, let limit, let wait):
            .tooFast(limitName, "The plan '\(plan)' allows \(limit) readings a minute.", wait: wait)
        }
    }
}

extension ImportInterrupted: ProblemConvertible {
    /// As the refusal, with where to go on.
    var problem: Problem {
        var problem = refusal.problem
        problem.detail = """
            \(problem.detail ?? "") \(stored) readings of the file are stored; send it again from line \(line) on, behind its \
            header line.
            """
        return problem
    }
}

extension Problem {
    /// 429 for a limit of the organization's plan.
    fileprivate static func tooFast(_ limit: String, _ detail: String, wait: Duration) -> Problem {
        let seconds = Int((wait / .seconds(1)).rounded(.up))
        var problem = Problem.tooManyRequests(retryAfter: max(1, seconds), detail)
        problem.type = Problem.limitReached(limit, detail).type
        return problem
    }
}
