import Foundation
import LocalStack
import TestKit
import Testing

/// The command that an operator types.
struct KeyRotationTests {
    private func lms(_ arguments: String..., in installation: SystemInstallation) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: SystemInstallation.binaries + "/lms")
        process.arguments = arguments
        process.environment = [
            "LMS_ADMIN_DATABASE_URL": installation.stack.installation.administrator.url,
            "LMS_SECRET_KEY": installation.stack.installation.secretKey,
        ]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test func `a new key is published on request, and who is signed in stays so`() async throws {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        let path = "/.well-known/jwks.json"
        let before = try #require(try await installation.client.get(path).json["keys"].array)
        #expect(before.count == 1)
        #expect(try lms("keys", "rotate", in: installation) == 0)
        // Auth looks every half minute.
        let after = try await eventually(within: .seconds(60), every: .milliseconds(500)) {
            let keys = try await installation.client.get(path).json["keys"].array ?? []
            return keys.count == 2 ? keys : nil
        }
        #expect(Set(after).isSuperset(of: before))
        for path in ["/api/v1/auth/me", "/api/v1/devices", "/api/v1/readings", "/api/v1/alerts"] {
            #expect(try await owner.api.get(path).status == 200, "\(path)")
        }
    }
}
