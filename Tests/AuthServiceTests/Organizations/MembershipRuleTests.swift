import Foundation
import Identity
import Postgres
import Testing

@testable import AuthService

@Suite struct MembershipRuleTests {
    private let ada = UUID()
    private let eve = UUID()

    private func refusal(
        _ actor: Role, changes role: Role, to new: Role?, ofOwn: Bool = false, owners: Int = 2
    ) -> OrganizationError? {
        let member = Member(
            userID: ofOwn ? ada : eve, organizationID: UUID(), name: "", email: "", role: role, isSuspended: false,
            version: 1,
            joinedAt: .now)
        do throws(OrganizationError) {
            try MembershipRules.check((ada, actor), changes: member, to: new, owners: owners)
            return nil
        } catch {
            return error
        }
    }

    @Test func `an admin changes and removes everybody but owners`() {
        for role in [Role.viewer, .member, .admin] {
            for new in [Role.viewer, .member, .admin, nil] {
                #expect(refusal(.admin, changes: role, to: new) == nil)
            }
            #expect(refusal(.admin, changes: role, to: .owner) == .forbidden)
        }
        for new in [Role.viewer, .admin, .owner, nil] {
            #expect(refusal(.admin, changes: .owner, to: new) == .forbidden)
        }
    }

    @Test func `an owner changes everybody as long as an owner is left`() {
        for role in Role.allCases {
            for new in Role.allCases.map(Optional.some) + [nil] {
                #expect(refusal(.owner, changes: role, to: new) == nil)
            }
        }
        #expect(refusal(.owner, changes: .owner, to: .admin, ofOwn: true, owners: 1) == .lastOwner)
        #expect(refusal(.owner, changes: .owner, to: nil, ofOwn: true, owners: 1) == .lastOwner)
        #expect(refusal(.owner, changes: .owner, to: .owner, ofOwn: true, owners: 1) == nil)
        #expect(refusal(.owner, changes: .admin, to: nil, owners: 1) == nil)
    }

    @Test func `others change nobody, but may leave`() {
        for actor in [Role.viewer, .member] {
            #expect(refusal(actor, changes: .viewer, to: .member) == .forbidden)
            #expect(refusal(actor, changes: actor, to: .admin, ofOwn: true) == .forbidden)
            #expect(refusal(actor, changes: .viewer, to: nil) == .forbidden)
            #expect(refusal(actor, changes: actor, to: nil, ofOwn: true) == nil)
        }
        // A token of an owner's that acts as a viewer does not give up the ownership.
        #expect(refusal(.viewer, changes: .owner, to: nil, ofOwn: true) == .forbidden)
    }

    @Test func `a token acts in its own organization, with a role of its own at most`() throws {
        let organization = UUID()
        func principal(_ role: Role?, session: UUID?) -> UserPrincipal {
            UserPrincipal(
                id: ada, organizationID: organization, role: role, sessionID: session, tokenID: UUID(),
                issuedAt: Date(), expiresAt: nil)
        }
        let session = try Requester(principal(.viewer, session: UUID()))
        #expect(session.role(.owner, in: UUID()) == .owner)
        let token = try Requester(principal(.member, session: nil))
        #expect(token.role(.owner, in: organization) == .member)
        #expect(token.role(.viewer, in: organization) == .viewer)
        #expect(token.role(.owner, in: UUID()) == nil)
        #expect(throws: OrganizationError.forbidden) { try Requester(principal(nil, session: nil)) }
    }
}
