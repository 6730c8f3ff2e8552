import Foundation
import HTTPKit
import Hummingbird
import Kernel
import Postgres

/// `/api/v1/users/account`: the end of the caller's account.
struct AccountDeletionRoutes: Sendable {
    let deletion: AccountDeletion

    func add(to routes: inout RouteTable) {
        routes.delete("/api/v1/users/account", .signedIn, use: request)
        routes.on(.post, "/api/v1/users/account/restore", .signedIn, RouteOptions(body: .any())) { _, context in
            try await deletion.restore(try context.user.id)
            return HTTPResponse.Status.noContent
        }
    }

    @Sendable
    private func request(_ request: Request, _ context: AppRequestContext) async throws -> JSON<EndAnswer> {
        let input = try await request.decode(as: EndInput.self, context: context)
        return try await describingProblems {
            let end = try await deletion.request(
                try context.user.id, confirmedBy: input.email, password: input.password,
                client: request.client(in: context))
            return JSON(EndAnswer(deletesAt: end), status: .accepted)
        }
    }
}

private struct EndInput: Decodable {
    let email: String
    let password: String
}

private struct EndAnswer: Encodable {
    let deletesAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case deletesAt = "deletes_at"
    }
}

extension AccountDeletion.Refusal: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .addressMismatch: .invalid("email", "must be the address of the account")
        case .lastOwner(let names):
            .conflict(
                """
                \(names.formatted(.list(type: .and).locale(.init(identifier: "en")))) would be without an owner; make \
                another member one first.
                """)
        case .lastSuperuser: .conflict("Nobody else administers the platform; make somebody a superuser first.")
        case .notBeingDeleted: .conflict("The account is not being deleted, or cannot be restored any more.")
        }
    }
}
