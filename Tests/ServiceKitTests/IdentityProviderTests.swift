import Testing

@testable import ServiceKit

@Suite struct IdentityProviderTests {
    private static func providers(_ json: String) throws -> [IdentityProvider] {
        try ServiceConfiguration(["LMS_OIDC_PROVIDERS": json]).identityProviders
    }

    @Test func `providers are read from JSON`() throws {
        let providers = try Self.providers(
            #"""
            [{"name": "uni-1", "title": "University", "issuer": "https://id.example/realms/a", "client_id": "lms",
              "client_secret": "s"}, {"name": "b", "title": "B", "issuer": "http://127.0.0.1:9000", "client_id": "x"}]
            """#)
        #expect(providers.map(\.name) == ["uni-1", "b"])
        #expect(providers[0].clientSecret == "s")
        #expect(providers[1].clientSecret == nil)
        #expect(try Self.providers("[]").isEmpty)
        #expect(try ServiceConfiguration([:]).identityProviders.isEmpty)
    }

    @Test(arguments: [
        "x", "{}", #"[{"name": "a"}]"#,
        #"[{"name": "A", "title": "A", "issuer": "https://id.example", "client_id": "lms"}]"#,
        #"[{"name": "a/b", "title": "A", "issuer": "https://id.example", "client_id": "lms"}]"#,
        #"[{"name": "", "title": "A", "issuer": "https://id.example", "client_id": "lms"}]"#,
        #"[{"name": "a", "title": "", "issuer": "https://id.example", "client_id": "lms"}]"#,
        #"[{"name": "a", "title": "A", "issuer": "id.example", "client_id": "lms"}]"#,
        #"[{"name": "a", "title": "A", "issuer": "ftp://id.example", "client_id": "lms"}]"#,
        #"[{"name": "a", "title": "A", "issuer": "https://id.example?x=1", "client_id": "lms"}]"#,
        #"[{"name": "a", "title": "A", "issuer": "https://id.example", "client_id": ""}]"#,
        #"[{"name": "a", "title": "A", "issuer": "https://id.example", "client_id": "lms", "client_secret": ""}]"#,
        #"""
        [{"name": "a", "title": "A", "issuer": "https://a.example", "client_id": "lms"},
         {"name": "a", "title": "B", "issuer": "https://b.example", "client_id": "lms"}]
        """#,
        #"""
        [{"name": "a", "title": "A", "issuer": "https://a.example", "client_id": "lms"},
         {"name": "b", "title": "B", "issuer": "https://a.example", "client_id": "lms"}]
        """#,
    ])
    func `what is malformed, incomplete or there twice is refused, and not shown`(json: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.providers(json) }
        #expect(
            error?.description.hasPrefix("LMS_OIDC_PROVIDERS has an unusable value (not shown, it is secret)") == true)
    }
}
