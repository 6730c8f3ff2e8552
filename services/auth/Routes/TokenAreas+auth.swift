import HTTPKit

extension TokenAreas {
    /// Whatever has to do with credentials, memberships of one's own and accounts needs somebody who has signed in.
    static let auth = TokenAreas(
        nil,
        except: [
            "/api/v1/auth/me": .profile,
            "/api/v1/users/profile": .profile,
            "/api/v1/organizations": .organization,
            "/api/v1/organizations/{id}/members": .members,
            "/api/v1/organizations/{id}/invitations": .members,
            "/api/v1/organizations/{id}/grants": .members,
            "/api/v1/organizations/{id}/leave": nil,
            "/api/v1/organizations/{id}/transfer-ownership": nil,
            "/api/v1/projects": .organization,
            "/api/v1/entities": .organization,
            "/api/v1/relationships": .organization,
        ])
}
