/// What a provider says of a person, in an ID token or at its userinfo endpoint (OpenID Connect Core section 5.1).
struct PersonClaims: Sendable, Hashable, Codable {
    /// Names the person at the provider, for good.
    var subject: String
    var email: String?
    /// Whether the provider has seen the person read mail there.
    var isEmailVerified = false
    var name: String?

    enum CodingKeys: String, CodingKey {
        case subject = "sub"
        case email
        case isEmailVerified = "email_verified"
        case name
    }
}

extension PersonClaims {
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        subject = try container.decode(String.self, forKey: .subject)
        email = try container.decodeIfPresent(String.self, forKey: .email)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        // Some providers write the boolean as a string.
        isEmailVerified =
            (try? container.decodeIfPresent(Bool.self, forKey: .isEmailVerified))
            ?? ((try? container.decode(String.self, forKey: .isEmailVerified)) == "true")
    }

    /// The address, where it is one that an account here can have.
    var address: EmailAddress? { email.flatMap(EmailAddress.init) }

    /// What the person is called: by name, else by what stands before the address's `@`.
    func displayName(at address: EmailAddress) -> DisplayName? {
        name.flatMap(DisplayName.init) ?? DisplayName(String(address.text.prefix { $0 != "@" }))
    }
}
