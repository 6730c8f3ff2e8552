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

    @Test(.timeLimit(.minutes(5)))
    func `with Redis killed, what was ended is refused by every service within two seconds`() async throws {
        let installation = try await SystemInstallation.start()
        var credentials: [(way: Revoking, credential: RevocableCredential)] = []
        for way in Revoking.allCases { credentials.append((way, try await way.prepare(in: installation))) }
        for (_, credential) in credentials { try await credential.waitUntilTaken() }
        // Not to be started again.
        await installation.stack.servers.last?.stop(with: .kill)
        for (way, credential) in credentials {
            do {
                try await credential.revokeAndExpectRefusal(within: .seconds(2))
            } catch {
                Issue.record(error, "\(way)")
            }
        }
        await installation.stack.stop()
    }
}
