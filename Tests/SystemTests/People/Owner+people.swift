import Foundation
import TestKit

extension Owner {
    /// Takes somebody into the organization by an invitation.
    ///
    /// - Returns: The same person, signed in there.
    func admit(_ person: Owner, as role: String) async throws -> Owner {
        let invited = try await api.post(
            "/api/v1/organizations/\(organization)/invitations",
            ["email": .string(person.email), "role": .string(role)])
        guard let token = invited.json["token"].string else { throw UnexpectedAnswer(response: invited) }
        let accepted = try await person.api.post("/api/v1/invitations/\(token)/accept")
        guard accepted.status == 200 else { throw UnexpectedAnswer(response: accepted) }
        return try await person.acting(in: organization)
    }

    /// The same person with a token of another organization.
    func acting(in organization: String) async throws -> Owner {
        let response = try await api.post(
            "/api/v1/auth/switch-organization", ["organization_id": .string(organization)])
        guard let token = response.json["access_token"].string else { throw UnexpectedAnswer(response: response) }
        return Owner(
            installation: installation, email: email, organization: organization, token: token,
            api: installation.client.authorized(token))
    }

    /// The id of the user.
    func id() async throws -> String {
        let response = try await api.get("/api/v1/auth/me")
        guard let id = response.json["id"].string else { throw UnexpectedAnswer(response: response) }
        return id
    }

    /// What the service answers to making something: its id.
    func make(_ path: String, _ body: JSONValue) async throws -> String {
        let response = try await api.post(path, body)
        guard response.status == 201, let id = response.json["id"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return id
    }
}
