import Foundation
import LocalStack
import TestKit
import Testing

/// What was revoked is refused by every service, at once for whoever watches.
@Suite(.serialized) struct RevocationTests {
    @Test(arguments: Revoking.allCases)
    func `a credential that was ended is refused by every service within a second`(way: Revoking) async throws {
        let credential = try await way.prepare(in: SystemInstallation.shared())
        try await credential.waitUntilTaken()
        try await credential.revokeAndExpectRefusal(within: .seconds(1))
    }

    @Test func `the session that changes the password goes on at every service`() async throws {
        let owner = try await SystemInstallation.shared().owner()
        let changed = try await owner.api.post(
            "/api/v1/auth/change-password",
            ["current_password": .string(Owner.password), "new_password": "incorrect horse battery"])
        #expect(changed.status == 204, "\(changed)")
        for path in Revoking.paths { #expect(try await owner.api.get(path).status == 200, "\(path)") }
    }

    @Test(.timeLimit(.minutes(15)))
    func `with Redis frozen and then killed, what was ended is refused by every service within a second`()
        async throws
    {
        let installation = try await SystemInstallation.start()
        let redis = try #require(installation.stack.servers.last)
        let (before, after) = (try await credentials(in: installation), try await credentials(in: installation))
        try await redis.whileFrozen { await endAll(before) }
        // Not to be started again.
        await redis.stop(with: .kill)
        await endAll(after)
        await installation.stack.stop()
    }

    /// One for each way to end it, all of which are taken.
    private func credentials(
        in installation: SystemInstallation
    ) async throws -> [(way: Revoking, credential: RevocableCredential)] {
        var credentials: [(way: Revoking, credential: RevocableCredential)] = []
        for way in Revoking.allCases { credentials.append((way, try await way.prepare(in: installation))) }
        for (_, credential) in credentials { try await credential.waitUntilTaken() }
        return credentials
    }

    private func endAll(_ credentials: [(way: Revoking, credential: RevocableCredential)]) async {
        for (way, credential) in credentials {
            do {
                try await credential.revokeAndExpectRefusal(within: .seconds(1))
            } catch {
                Issue.record(error, "\(way)")
            }
        }
    }
}
