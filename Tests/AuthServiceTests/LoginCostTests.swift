import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@testable import AuthService

/// That an account exists is not told by the time a login takes: each costs the same hash, with the real cost.
@Suite struct LoginCostTests {
    /// The hashes that passwords were compared with.
    private final class Comparisons: Sendable {
        private let hashes = Mutex<[String]>([])

        func note(_ hash: String) { hashes.withLock { $0.append(hash) } }

        /// Those since it was asked last.
        func take() -> [String] {
            hashes.withLock { hashes in
                defer { hashes = [] }
                return hashes
            }
        }
    }

    @Test func `whoever is named, one hash of the real cost is computed`() async throws {
        let comparisons = Comparisons()
        let hasher = PasswordHasher(cost: AuthApplication.passwordCost, queueLength: 1000) { password, hash in
            comparisons.note(hash)
            return BCrypt.matches(password, hash)
        }
        let server = try await AuthServer.start(on: AuthServer.makeDatabase(), hasher: hasher)
        let (ada, withoutPassword, inactive) = (
            try await server.newcomer(), try await server.newcomer(), try await server.newcomer()
        )
        _ = try await server.query(
            "DELETE FROM auth.credentials WHERE user_id = \(UUID(uuidString: withoutPassword.id))")
        _ = try await server.query(
            "UPDATE auth.users SET is_active = false WHERE id = \(UUID(uuidString: inactive.id))")
        for address in [ada.email, withoutPassword.email, inactive.email, AuthServer.newAddress(), "no address", ""] {
            let response = try await server.client().post(
                "/api/v1/auth/login", ["email": .string(address), "password": "wrong horse battery"])
            #expect(response.status == 401)
            let hashes = comparisons.take()
            #expect(hashes.count == 1 && hashes[0].hasPrefix("$2b$12$"), "\(address): \(hashes)")
        }
        #expect(try await ada.logIn().status == 200)
        #expect(comparisons.take().count == 1)
    }
}
