import Foundation

/// What other services are told of a person.
struct PersonState: Sendable {
    let id: UUID
    let email: String
    let isEmailVerified: Bool
    let name: String
    let isActive: Bool
    /// The user's.
    let version: Int
}

extension PersonState {
    init(_ user: User) {
        self.init(
            id: user.id, email: user.email, isEmailVerified: user.isEmailVerified, name: user.name,
            isActive: user.isActive, version: user.version)
    }

    init(_ new: NewUser) {
        self.init(
            id: new.id, email: new.email.text, isEmailVerified: new.isVerified, name: new.name.text, isActive: true,
            version: 1)
    }
}
