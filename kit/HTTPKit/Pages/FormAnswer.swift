import Hummingbird

/// Answers a form: with what `act` leads to, or by `again`, which shows its page once more and says what is wrong.
///
/// - Throws: What is no matter of the form: that somebody may not do this, or that what it is about is not there.
public func answeringForm(
    _ request: Request, _ context: AppRequestContext, _ act: () async throws -> some ResponseGenerator,
    again: (Problem) async throws -> Response
) async throws -> Response {
    do {
        return try await act().response(from: request, context: context)
    } catch let problem as Problem where problem.isMatterOfForm {
        return try await again(problem)
    } catch let error as any ProblemConvertible where error.problem.isMatterOfForm {
        return try await again(error.problem)
    }
}

extension Problem {
    fileprivate var isMatterOfForm: Bool {
        switch status {
        case .unauthorized, .paymentRequired, .conflict, .preconditionFailed, .unprocessableContent, .tooManyRequests,
            .serviceUnavailable:
            true
        default: false
        }
    }
}
