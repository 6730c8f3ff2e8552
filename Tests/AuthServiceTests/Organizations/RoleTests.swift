import Foundation
import Identity
import NIOHTTP1
import TestKit
import Testing

@testable import AuthService

/// Who may do what in an organization: every route that names one, tried in every role.
@Suite struct RoleTests {
    struct Demand: Sendable, CustomTestStringConvertible {
        let route: String
        /// The least role that may use it.
        let least: Role
        /// With `{target}` for another member, who is a viewer.
        var body: JSONValue?
        /// The status for who may.
        let status: Int

        var testDescription: String { route }
    }

    private static let demands = [
        Demand(route: "GET /api/v1/organizations/{id}", least: .viewer, status: 200),
        Demand(route: "GET /api/v1/organizations/{id}/members", least: .viewer, status: 200),
        Demand(route: "GET /api/v1/organizations/{id}/audit", least: .admin, status: 200),
        Demand(route: "GET /api/v1/organizations/{id}/grants", least: .admin, status: 200),
        // For who may, the fields are looked at.
        Demand(route: "POST /api/v1/organizations/{id}/grants", least: .admin, body: [:], status: 422),
        Demand(route: "DELETE /api/v1/organizations/{id}/grants/{target}", least: .admin, status: 404),
        Demand(route: "GET /api/v1/organizations/{id}/invitations", least: .admin, status: 200),
        Demand(
            route: "POST /api/v1/organizations/{id}/invitations", least: .admin,
            body: ["email": "grace@example.org", "role": "viewer"], status: 201),
        Demand(
            route: "POST /api/v1/organizations/{id}/invitations/{target}/resend", least: .admin, status: 404),
        Demand(route: "DELETE /api/v1/organizations/{id}/invitations/{target}", least: .admin, status: 404),
        Demand(route: "POST /api/v1/organizations/{id}/leave", least: .viewer, status: 204),
        Demand(route: "PUT /api/v1/organizations/{id}", least: .admin, body: ["name": "Engines"], status: 200),
        Demand(
            route: "PUT /api/v1/organizations/{id}/members/{target}", least: .admin, body: ["role": "member"],
            status: 200),
        Demand(route: "DELETE /api/v1/organizations/{id}/members/{target}", least: .admin, status: 204),
        Demand(
            route: "POST /api/v1/organizations/{id}/transfer-ownership", least: .owner, body: ["user_id": "{target}"],
            status: 204),
        Demand(
            route: "DELETE /api/v1/organizations/{id}", least: .owner, body: ["name": "Ada’s laboratory"], status: 202),
        Demand(route: "POST /api/v1/organizations/{id}/restore", least: .owner, status: 409),
    ]

    @Test func `every route that names an organization says whom it is for`() async throws {
        let routes = try await AuthServer.shared().application.http.routes.routes
        let names = routes.filter { $0.path.hasPrefix("/api/v1/organizations/{id}") }.map { route in
            let path = ["{user_id}", "{grant_id}", "{invitation_id}"].reduce(route.path) {
                $0.replacing($1, with: "{target}")
            }
            return "\(route.method.rawValue) \(path)"
        }
        #expect(Set(names) == Set(Self.demands.map(\.route)))
        #expect(names.count == Self.demands.count)
    }

    @Test(arguments: demands)
    func `a route of an organization is for its members of a sufficient role`(demand: Demand) async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let target = try await server.member(of: ada.organizationID, as: .viewer)
        let stranger = try await send(demand, as: try await server.newcomer(), about: target, of: ada.organizationID)
        #expect(stranger == 404)
        // From the least on, so that who is refused has changed nothing for who is not.
        for role in Role.allCases where role < demand.least {
            let caller = try await server.member(of: ada.organizationID, as: role)
            let status = try await send(demand, as: caller, about: target, of: ada.organizationID)
            #expect(status == 403, "\(role)")
        }
        for role in Role.allCases where role >= demand.least {
            let owner = try await server.newcomer()
            let target = try await server.member(of: owner.organizationID, as: .viewer)
            let caller = try await server.member(of: owner.organizationID, as: role)
            let status = try await send(demand, as: caller, about: target, of: owner.organizationID)
            #expect(status == demand.status, "\(role)")
        }
    }

    private func send(
        _ demand: Demand, as caller: Newcomer, about target: Newcomer, of organization: String
    ) async throws -> Int {
        let parts = demand.route.split(separator: " ").map(String.init)
        let path = parts[1].replacing("{id}", with: organization).replacing("{target}", with: target.id)
        let body: JSONValue? = demand.body == ["user_id": "{target}"] ? ["user_id": .string(target.id)] : demand.body
        return try await caller.api.send(HTTPMethod(rawValue: parts[0]), path, json: body).status
    }
}
