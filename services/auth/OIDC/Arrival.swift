import Foundation

/// What becomes of somebody who comes from a provider, decided from what is known here.
enum Arrival: Sendable, Hashable {
    /// The identity is this user's.
    case known(UUID)
    /// It becomes this user's.
    case linked(UUID)
    /// It becomes that of a new account with this address.
    case new(EmailAddress)
    case refused(LoginRefusal)

    /// An account that is here.
    struct Account: Sendable, Hashable {
        let id: UUID
        let isActive: Bool
        /// Whether the user has shown to read mail at the account's address.
        let isVerified: Bool
    }

    /// - Parameters:
    ///   - holder: Whose the identity is.
    ///   - namesake: Who has an account with the address that the provider tells.
    ///   - user: Who is signed in, and began this to add an identity.
    init(of person: PersonClaims, holder: Account?, namesake: Account?, user: Account?) {
        if let holder {
            if let user, user.id != holder.id {
                self = .refused(.identityTaken)
            } else {
                self = holder.isActive ? .known(holder.id) : .refused(.accountClosed)
            }
        } else if let user {
            // Somebody who has registered with another's address would else keep a way in when its owner takes over.
            let isOwner = user.isVerified || person.isEmailVerified && namesake?.id == user.id
            self = isOwner ? .linked(user.id) : .refused(.ownAddressUnverified)
        } else {
            self = Self.stranger(person, namesake)
        }
    }

    private static func stranger(_ person: PersonClaims, _ namesake: Account?) -> Arrival {
        guard let address = person.address else { return .refused(.addressMissing) }
        guard person.isEmailVerified else { return .refused(.addressUnverified) }
        guard let namesake else { return .new(address) }
        guard namesake.isActive else { return .refused(.accountClosed) }
        // Whoever made the account need not be who reads mail there, and would share it with the one who does.
        return namesake.isVerified ? .linked(namesake.id) : .refused(.accountUnverified)
    }
}
