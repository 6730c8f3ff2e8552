import Foundation
import TestKit
import Testing

@testable import AuthService

extension Browser {
    func signedIn(_ newcomer: Newcomer) async throws -> Browser {
        let response = try await form("/auth/login").submit([
            "email": newcomer.email, "password": Newcomer.password,
        ])
        return Browser(client: client, cookie: try #require(response.cookie("session_token")).firstPair)
    }

    /// The same browser in another organization of its user.
    func switching(to organization: String) async throws -> Browser {
        let response = try await submit("/organizations/\(organization)/activate", from: "/organizations")
        #expect(response.header("location") == "/organizations?done=switched")
        return after(response)
    }
}

extension Newcomer {
    /// Signed in by the page, and in the organization that the API's session is in.
    func browser() async throws -> Browser {
        let browser = try await Browser(client: client).signedIn(self)
        let me = try await client.get("/api/v1/auth/me", headers: ["cookie": browser.cookie])
        return me.json["organization_id"].string == organizationID
            ? browser : try await browser.switching(to: organizationID)
    }
}
