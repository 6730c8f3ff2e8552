import HTTPKit

/// The forms for another address and another password.
struct CredentialSection: Sendable {
    let emailMessage: String?
    let email: Field
    let emailPassword: Field
    let passwordMessage: String?
    let password: Field
    let newPassword: Field

    init(_ refused: RefusedForm<ProfileForm>?) {
        let address = FormState(of: .email, refused)
        emailMessage = address.message
        email = address.field("email", called: "The address")
        emailPassword = address.secret("password", called: "The password")
        let change = FormState(of: .password, refused)
        passwordMessage = change.message
        password = change.secret("password", called: "The password")
        newPassword = change.secret("new_password", called: "The new password")
    }
}
