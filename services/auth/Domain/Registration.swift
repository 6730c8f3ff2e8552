import Foundation
import Kernel

/// What somebody registers with, checked.
struct Registration: Sendable {
    let email: EmailAddress
    let password: String
    let name: DisplayName
    let organizationName: DisplayName
}

/// A user about to be stored, and the organization that the user will own.
struct NewUser: Sendable {
    let id = UUID.v7()
    let email: EmailAddress
    let name: DisplayName
    let passwordHash: String
    let organizationID = UUID.v7()
    let organizationName: DisplayName

    init(_ registration: Registration, passwordHash: String) {
        email = registration.email
        name = registration.name
        organizationName = registration.organizationName
        self.passwordHash = passwordHash
    }
}
