import HTTPKit
import Hummingbird

/// Answers a form: with what `act` leads to, or by `again`, which shows its page once more and says what is wrong.
///
/// - Throws: What is no matter of the form: that somebody may not do this, or that what it is about is not there.
func answeringForm(
    _ act: () async throws -> some ResponseGenerator, _ request: Request, _ context: AppRequestContext,
    again: (Problem) async throws -> Response
) async throws -> Response {
    do {
        return try await describingProblems(act).response(from: request, context: context)
    } catch let problem as Problem where problem.isMatterOfForm {
        return try await again(problem)
    } catch let error as any ProblemConvertible where error.problem.isMatterOfForm {
        return try await again(error.problem)
    }
}

extension Problem {
    fileprivate var isMatterOfForm: Bool {
        switch status {
        case .unauthorized, .conflict, .preconditionFailed, .unprocessableContent, .tooManyRequests,
            .serviceUnavailable:
            true
        // What a plan does not allow.
        default: status.code == 402
        }
    }

    /// Credentials that were asked for once more and are wrong, by the field they are typed into.
    static func wrong(_ field: String, _ message: String) -> Problem {
        var problem = Problem(.unauthorized)
        problem.errors = [FieldError(field, message)]
        return problem
    }
}

/// The same as `body`, with wrong credentials as what is wrong with the fields `password` and `code`.
func describingCredentials<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch is SignIn.WrongCredentials {
        throw Problem.wrong("password", "is wrong")
    } catch is TwoFactor.WrongCode {
        throw Problem.wrong("code", "is wrong, or was used before")
    }
}
