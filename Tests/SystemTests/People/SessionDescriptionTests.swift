import Foundation
import TestKit
import Testing

/// What somebody is told of the own sessions.
struct SessionDescriptionTests {
    @Test func `a session tells the program and the address that the gateway has seen, whatever a request says`()
        async throws
    {
        let installation = try await SystemInstallation.shared()
        let owner = try await installation.owner()
        let agent = "LMS logger/2.1 (Linux; \(UUID().uuidString))"
        let opened = try await installation.client.post(
            "/api/v1/auth/login", ["email": .string(owner.email), "password": .string(Owner.password)],
            headers: [
                "user-agent": agent, "x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9",
                "forwarded": "for=203.0.113.9",
            ])
        #expect(opened.status == 200, "\(opened)")
        let sessions = try await owner.api.get("/api/v1/auth/sessions").json["items"].array ?? []
        #expect(sessions.count == 2)
        let session = try #require(sessions.first { $0["user_agent"].string == agent }, "\(sessions)")
        #expect(session["address"] == "127.0.0.1")
        #expect(sessions.allSatisfy { $0["address"] != "203.0.113.9" })
    }
}
