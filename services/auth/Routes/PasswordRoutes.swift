import HTTPKit
import Hummingbird
import Identity

/// Changing a password, and setting one that was forgotten.
struct PasswordRoutes: Sendable {
    let passwords: Passwords

    func add(to routes: inout RouteTable) {
        routes.post("/api/v1/auth/change-password", .signedIn, use: change)
        routes.post("/api/v1/auth/forgot-password", .public) { request, context in
            let input = try await request.decode(as: AddressInput.self, context: context)
            return try await describingProblems {
                try await passwords.requestReset(of: input.email, client: request.client(in: context))
                return HTTPResponse.Status.accepted
            }
        }
        routes.post("/api/v1/auth/reset-password", .public) { request, context in
            let input = try await request.decode(as: ResetInput.self, context: context)
            try PasswordPolicy.check(input.newPassword, field: "new_password")
            return try await describingProblems {
                try await passwords.reset(input.token, to: input.newPassword)
                return HTTPResponse.Status.noContent
            }
        }
    }

    @Sendable
    private func change(_ request: Request, _ context: AppRequestContext) async throws -> HTTPResponse.Status {
        let input = try await request.decode(as: ChangeInput.self, context: context)
        try PasswordPolicy.check(input.newPassword, field: "new_password")
        return try await describingProblems {
            try await passwords.change(
                from: input.currentPassword, to: input.newPassword, of: try context.user,
                client: request.client(in: context))
            return .noContent
        }
    }
}

extension PasswordPolicy {
    /// - Throws: 422 for `field`.
    static func check(_ password: String, field: String) throws(Problem) {
        if let objection = objection(to: password) { throw .invalid(field, objection) }
    }
}

private struct AddressInput: Decodable {
    let email: String
}

private struct ResetInput: Decodable {
    let token: String
    let newPassword: String

    enum CodingKeys: String, CodingKey {
        case token
        case newPassword = "new_password"
    }
}

private struct ChangeInput: Decodable {
    let currentPassword: String
    let newPassword: String

    enum CodingKeys: String, CodingKey {
        case currentPassword = "current_password"
        case newPassword = "new_password"
    }
}
