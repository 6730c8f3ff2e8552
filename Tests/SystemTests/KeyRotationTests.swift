import TestKit
import Testing

/// The command that an operator types.
struct KeyRotationTests {
    @Test func `a new key is published on request, and who is signed in stays so`() async throws {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        let path = "/.well-known/jwks.json"
        let before = try #require(try await installation.client.get(path).json["keys"].array)
        #expect(before.count == 1)
        #expect(try await installation.lms("keys", "rotate").isSuccess)
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
