import Foundation
import HTTPKit
import ServiceKit

extension ListPart {
    /// The links to the other parts of a list on the profile.
    func pager(_ title: String, cursor: String) -> Pager? {
        Pager(title, of: "/auth/profile", cursor: cursor, next: next, isFirst: isFirst, anchor: cursor)
    }
}

/// An account with what belongs to it.
struct ProfileContents: Sendable {
    let user: User
    let identities: ListPart<LinkedIdentity>
    let waysIn: WaysIn
    /// Those that are configured.
    let providers: [IdentityProvider]
    let sessions: ListPart<SessionRecord>
    let currentSession: UUID?
    let tokens: ListPart<AccessTokenRecord>
    let organizationNames: [UUID: String]
    let activeOrganization: UUID?
    let factor: TwoFactorStore.Factor?
}
