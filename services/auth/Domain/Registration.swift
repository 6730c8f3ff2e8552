import Foundation
import HTTPKit
import Kernel

/// What somebody registers with, checked.
struct Registration: Sendable {
    let email: EmailAddress
    let password: String
    let name: DisplayName
    let organizationName: DisplayName

    /// What the organization is called until somebody renames it.
    static func organizationName(of person: String) -> String {
        let ending = "’s laboratory"
        return person.trimmed.prefix(DisplayName.maximumLength - ending.count) + ending
    }
}

/// A user about to be stored, and the organization that the user will own.
struct NewUser: Sendable {
    let id = UUID.v7()
    let email: EmailAddress
    let name: DisplayName
    /// Nil for somebody who signs in by way of a provider alone.
    let passwordHash: String?
    /// Whether somebody has seen the user read mail at the address.
    let isVerified: Bool
    let organizationID = UUID.v7()
    let organizationName: DisplayName

    init(_ registration: Registration, passwordHash: String) {
        email = registration.email
        name = registration.name
        organizationName = registration.organizationName
        self.passwordHash = passwordHash
        isVerified = false
    }

    /// Somebody who comes from a provider that has verified the address.
    init(verified email: EmailAddress, name: DisplayName) {
        self.email = email
        self.name = name
        organizationName = DisplayName(Registration.organizationName(of: name.text)) ?? name
        passwordHash = nil
        isVerified = true
    }
}
