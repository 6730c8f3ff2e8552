import HTTPKit

extension Problem {
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
