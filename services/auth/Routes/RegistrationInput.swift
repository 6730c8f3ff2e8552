import HTTPKit

/// What somebody registers with, as it arrives.
struct RegistrationInput: Decodable, Sendable {
    let email: String
    let password: String
    let name: String
    let organizationName: String?

    enum CodingKeys: String, CodingKey {
        case email, password, name
        case organizationName = "organization_name"
    }
}

extension Registration {
    /// - Throws: `Problem` 422 with everything that is wrong.
    init(_ input: RegistrationInput) throws {
        var check = Validation()
        let email = EmailAddress(input.email)
        let name = DisplayName(input.name)
        let organizationName = DisplayName(input.organizationName ?? Self.organizationName(of: input.name))
        check.require(email != nil, "email", EmailAddress.rule)
        if let objection = PasswordPolicy.objection(to: input.password) { check.reject("password", objection) }
        check.require(name != nil, "name", DisplayName.rule)
        check.require(organizationName != nil || name == nil, "organization_name", DisplayName.rule)
        guard check.errors.isEmpty, let email, let name, let organizationName else {
            throw Problem.invalid(check.errors)
        }
        self.init(email: email, password: input.password, name: name, organizationName: organizationName)
    }
}
