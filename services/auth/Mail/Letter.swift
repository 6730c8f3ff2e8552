/// What is written to somebody.
struct Letter: Sendable, Codable, Hashable {
    /// An address of ``EmailAddress``'s shape.
    let to: String
    let subject: String
    let text: String

    private init(to address: EmailAddress, _ subject: String, _ paragraphs: String...) {
        to = address.text
        self.subject = subject
        text = paragraphs.joined(separator: "\n\n") + "\n"
    }

    /// - Parameter link: Leads to the page that takes the token.
    static func verification(of address: EmailAddress, link: String) -> Letter {
        Letter(
            to: address, "Confirm your e-mail address",
            "Somebody, hopefully you, has given \(address.text) as the address of an account with LMS Core.",
            "Confirm that it is yours within a day:\n\(link)", "If you know nothing of it, do nothing.")
    }

    static func passwordReset(for address: EmailAddress, link: String) -> Letter {
        Letter(
            to: address, "Choose a new password",
            "Somebody, hopefully you, has forgotten the password of the account \(address.text).",
            "Choose a new one within an hour:\n\(link)",
            "If you know nothing of it, do nothing: your password stays as it is.")
    }

    static func passwordChanged(of address: EmailAddress) -> Letter {
        Letter(
            to: address, "Your password was changed",
            "The password of the account \(address.text) was changed, and the account signed out elsewhere.",
            "If that was not you, choose a new one at once with “Forgot your password?” on the sign-in page.")
    }

    /// To the address that was an account's until now.
    static func addressChanged(from address: EmailAddress, to new: EmailAddress) -> Letter {
        Letter(
            to: address, "Your e-mail address was changed",
            "The account that you signed in to as \(address.text) has the address \(new.text) from now on.",
            "If that was not you, write to those who run this installation.")
    }

    static func invitation(
        of address: EmailAddress, to organization: String, from inviter: String, as role: String, link: String
    ) -> Letter {
        Letter(
            to: address, "\(inviter) invites you to \(organization)",
            "\(inviter) invites you to join \(organization) on LMS Core as \(role).",
            "Accept or decline within two weeks, with or without an account so far:\n\(link)",
            "If you know nothing of it, do nothing.")
    }
}
