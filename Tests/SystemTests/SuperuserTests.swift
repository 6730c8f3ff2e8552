import Foundation
import TestKit
import Testing

/// How the first superuser comes to be.
struct SuperuserTests {
    @Test func `an operator makes a superuser of an account and takes that back, and each time it signs in anew`()
        async throws
    {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        #expect(try await owner.api.get("/api/v1/admin/stats").status == 403)

        #expect(try await installation.lms("admin", "grant-superuser", "--email", owner.email.uppercased()).isSuccess)
        try await eventually(within: .seconds(1)) { try await owner.api.get("/api/v1/auth/me").status == 401 }
        let superuser = try await owner.signedInAgain()
        #expect(try await superuser.api.get("/api/v1/admin/stats").status == 200)

        #expect(try await installation.lms("admin", "grant-superuser", "--email", owner.email, "--revoke").isSuccess)
        try await eventually(within: .seconds(1)) { try await superuser.api.get("/api/v1/devices").status == 401 }
        #expect(try await owner.signedInAgain().api.get("/api/v1/admin/stats").status == 403)

        let audit = try await installation.query(
            """
            SELECT data -> 'after' ->> 'is_superuser', actor ->> 'type' FROM core.events AS e
            JOIN auth.users AS u ON u.id = e.entity_id
            WHERE u.email = \(owner.email) AND event_type = 'user.access_changed' ORDER BY timestamp
            """
        ).map { try $0.decode(String.self, String.self) }
        #expect(audit.map(\.0) == ["true", "false"])
        #expect(audit.allSatisfy { $0.1 == "operator" })
    }

    @Test func `what is so already voids nothing, and an unknown address is an error`() async throws {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        #expect(try await installation.lms("admin", "grant-superuser", "--email", owner.email, "--revoke").isSuccess)
        #expect(try await owner.api.get("/api/v1/auth/me").status == 200)
        let unknown = try await installation.lms("admin", "grant-superuser", "--email", "nobody@example.org")
        #expect(!unknown.isSuccess)
    }
}
