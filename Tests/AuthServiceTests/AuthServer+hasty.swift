import TestKit

@testable import AuthService

extension AuthServer {
    /// One of two instances that do not wait long before they delete what is to be deleted.
    static func hasty() async throws -> AuthServer { try await instances.value }

    private static let instances = Task {
        let database = try await makeDatabase()
        var terms = DeletionTerms()
        terms.grace = .milliseconds(1500)
        terms.settling = .milliseconds(300)
        terms.interval = .milliseconds(50)
        _ = try await start(on: database, deletion: terms)
        return try await start(on: database, deletion: terms)
    }
}
