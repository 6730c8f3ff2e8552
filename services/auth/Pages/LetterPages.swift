import HTTPKit

/// What `forgot-password.mustache` reads as `page`.
struct ForgottenPasswordPage: Sendable {
    var email = ""
    var isSent = false
    /// Why it did not work.
    var message: String?
}

/// What `reset-password.mustache` reads as `page`.
struct PasswordResetPage: Sendable {
    var token: String
    /// What is wrong with the password; follows its name.
    var objection: String?
    /// Why it did not work, when the password is not to blame.
    var message: String?
}

/// What `verify-email.mustache` reads as `page`.
struct VerificationPage: Sendable {
    var token = ""
    var isDone = false
    /// Why it did not work.
    var message: String?
}
