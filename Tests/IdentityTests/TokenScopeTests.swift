import Foundation
import Testing

@testable import Identity

@Suite struct TokenScopeTests {
    @Test func theListIsClosedAndSaysItselfAsItIsWritten() {
        let names = TokenScope.allCases.map(\.rawValue)
        #expect(names.count == 14)
        #expect(Set(names).isSuperset(of: ["devices:read", "readings:write", "profile:read"]))
        #expect(names.map(TokenScope.init(rawValue:)) == TokenScope.allCases)
    }

    @Test(arguments: [
        "", ":", "devices", "devices:", "devices:delete", "Devices:read", "devices:read:write", "all:read",
    ])
    func whatIsNotInItIsNoScope(text: String) {
        #expect(TokenScope(rawValue: text) == nil)
    }

    @Test func aDemandIsMetByAllOfItsScopesOrBySigningIn() {
        let (read, write) = (TokenScope(.devices, .read), TokenScope(.devices, .write))
        var user = UserPrincipal.sample()
        for demand in [TokenDemand.scopes([]), .scopes([read, write]), .signIn] {
            #expect(demand.allows(user) == .allowed)
        }
        user.scopes = [read]
        #expect(TokenDemand.scopes([]).allows(user) == .allowed)
        #expect(TokenDemand.scopes([read]).allows(user) == .allowed)
        #expect(TokenDemand.scopes([read, write]).allows(user) == .missing([write]))
        #expect(TokenDemand.signIn.allows(user) == .signInRequired)
        user.scopes = []
        #expect(TokenDemand.scopes([read]).allows(user) == .missing([read]))
    }

    @Test func aHolderIsTheUserInItsPlaceAndNoSuperuser() throws {
        let grant = ResourceGrant(resource: .project(UUID()), role: .member)
        let holder = AccessTokenHolder(
            tokenID: UUID(), userID: UUID(), organizationID: UUID(), role: .admin, grants: [grant],
            scopes: [TokenScope(.alerts, .write)], asOf: 1_764_000_000_123_457, expiresAt: nil)
        let user = try JSONDecoder().decode(AccessTokenHolder.self, from: JSONEncoder().encode(holder)).principal
        #expect(user.id == holder.userID)
        #expect(user.organizationID == holder.organizationID)
        #expect(user.role == .admin)
        #expect(user.grants == [grant])
        #expect(user.scopes == [TokenScope(.alerts, .write)])
        #expect(user.sessionID == nil)
        #expect(user.expiresAt == nil)
        #expect(!user.isSuperuser)
        #expect(user.issuedAt.microseconds == holder.asOf)
    }

    @Test func aScopeOfALaterVersionIsLeftOut() throws {
        let json = """
            {"token_id": "\(UUID())", "user_id": "\(UUID())", "organization_id": "\(UUID())", "grants": [],
             "scopes": ["devices:read", "rockets:launch"], "as_of": 1}
            """
        let user = try JSONDecoder().decode(AccessTokenHolder.self, from: Data(json.utf8)).principal
        #expect(user.scopes == [TokenScope(.devices, .read)])
        #expect(user.role == nil)
    }
}
