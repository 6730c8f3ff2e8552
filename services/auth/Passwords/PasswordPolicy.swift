/// Which passwords are taken: 8 to 72 bytes of UTF-8, not among the common ones.
enum PasswordPolicy {
    static let minimumLength = 8
    /// bcrypt ignores what comes behind 72 bytes.
    static let maximumLength = 72

    /// What is wrong with `password`, for the person who chose it; nil when nothing is.
    static func objection(to password: String) -> String? {
        if password.utf8.count < minimumLength { return "must have at least \(minimumLength) characters" }
        if password.utf8.count > maximumLength { return "must have at most \(maximumLength) bytes" }
        // crypt(3) takes a C string, which would end there.
        if password.utf8.contains(0) { return "must not contain the character NUL" }
        if CommonPasswords.contains(password) { return "is one of the most common passwords; choose another" }
        return nil
    }
}
