import HTTPKit
import Hummingbird
import Identity

/// The caller's own account.
struct ProfileRoutes: Sendable {
    let users: UserStore

    func add(to routes: inout RouteTable) {
        for path in ["/api/v1/auth/me", "/api/v1/users/profile"] {
            routes.get(path, .signedIn) { _, context in try await profile(of: try context.user) }
            routes.put(path, .signedIn) { request, context in
                let input = try await request.decode(as: ProfileInput.self, context: context)
                return try await rename(try context.user, to: input, request)
            }
        }
    }

    private func profile(of principal: UserPrincipal) async throws -> JSON<ProfileAnswer> {
        async let organizations = users.organizations(of: principal.id)
        guard let user = try await users.user(principal.id), user.isActive else { throw Problem.unauthorized() }
        return try await answer(user, principal, organizations)
    }

    private func rename(
        _ principal: UserPrincipal, to input: ProfileInput, _ request: Request
    ) async throws -> JSON<ProfileAnswer> {
        let name = try DisplayName(field: input.name)
        guard let user = try await users.rename(principal.id, to: name, ifVersions: request.versionsToMatch) else {
            throw Problem.preconditionFailed()
        }
        return try await answer(user, principal, users.organizations(of: principal.id))
    }

    private func answer(
        _ user: User, _ principal: UserPrincipal, _ organizations: [(membership: Membership, name: String)]
    ) -> JSON<ProfileAnswer> {
        let active = organizations.first { $0.membership.organizationID == principal.organizationID }?.membership
        let profile = ProfileAnswer(
            user, active: active, organizations: organizations.map { OrganizationAnswer($0.membership, name: $0.name) })
        return JSON(profile, version: user.version, isCallersView: true)
    }
}

private struct ProfileInput: Decodable {
    let name: String
}
