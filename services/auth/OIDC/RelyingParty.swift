import Foundation
import Identity
import Logging
import Postgres

/// Signs people in who have done so at an OpenID Connect provider, by the authorization code flow.
struct RelyingParty: Sendable {
    /// What a provider's word leads to.
    enum Outcome: Sendable {
        case opened(OpenedSession)
        /// The second factor is to be shown, with this token.
        case challenged(SecretToken)
        /// Who was signed in already has one identity more.
        case linked
    }

    let providers: [OpenIDProvider]
    /// Where people reach the gateway.
    let publicURL: String
    let flows: LoginFlowStore
    let identities: IdentityStore
    let registrar: Registrar
    let signIn: SignIn
    let logger: Logger

    // MARK: There

    /// Begins a sign-in.
    ///
    /// - Parameter user: Who is signed in, and adds an identity.
    /// - Returns: The flow, and where the browser is to go.
    /// - Throws: ``LoginRefusal``, `PostgresError`.
    func begin(_ name: String, next: ReturnPath, user: UUID?) async throws -> (flow: LoginFlow, url: String) {
        let provider = try provider(name)
        let flow = LoginFlow(provider: name, next: next, userID: user)
        let url = try await telling(of: provider) {
            try await provider.authorizationURL(for: flow, redirectURI: redirectURI(of: provider))
        }
        try await flows.insert(flow)
        return (flow, url)
    }

    // MARK: And back

    /// Ends a sign-in with what the browser brings back.
    ///
    /// - Parameter user: Who is signed in.
    /// - Throws: ``LoginRefusal``, ``SignInGuard/TooManyAttempts``, ``SigningKeys/NotLoaded``, `PostgresError`.
    func complete(
        _ answer: AuthorizationAnswer, from name: String, user: UUID?, client: ClientDescription
    ) async throws -> (next: ReturnPath, outcome: Outcome) {
        let provider = try provider(name)
        let flow = try await flow(of: answer, provider)
        if let error = answer.error { throw LoginRefusal(authorizationError: error) }
        guard let flow, let code = answer.code, flow.userID == nil || flow.userID == user,
            answer.issuer ?? provider.settings.issuer == provider.settings.issuer
        else { throw LoginRefusal.invalidFlow }
        let person = try await telling(of: provider) {
            try await provider.person(code: code, of: flow, redirectURI: redirectURI(of: provider))
        }
        let issuer = provider.settings.issuer
        do {
            return (flow.next, try await receive(person, issuer, flow.userID, client))
        } catch  where Self.isRace(error) {
            // Another browser of the same person was faster, and now the identity or the address is known.
            return (flow.next, try await receive(person, issuer, flow.userID, client))
        }
    }

    private func flow(of answer: AuthorizationAnswer, _ provider: OpenIDProvider) async throws -> PendingLogin? {
        guard let state = answer.state, let browser = answer.browser else { return nil }
        return try await flows.take(state.hash, browser: browser.hash, provider: provider.settings.name)
    }

    private func receive(
        _ person: PersonClaims, _ issuer: String, _ user: UUID?, _ client: ClientDescription
    ) async throws -> Outcome {
        let holder = try await identities.holder(of: person.subject, at: issuer)
        let namesake = try await identities.account(person.address)
        let guest = try await identities.account(user)
        let id: UUID
        switch Arrival(of: person, holder: holder, namesake: namesake, user: guest) {
        case .refused(let refusal):
            if user == nil, let account = holder ?? namesake {
                try await signIn.log.failed(account.id, at: .provider, client)
            }
            throw refusal
        case .new(let address): return .opened(try await register(person, address, issuer, client))
        case .known(let known):
            try await identities.used(person, at: issuer)
            id = known
        case .linked(let linked):
            try await identities.link(person, at: issuer, to: linked)
            id = linked
        }
        guard user == nil else { return .linked }
        switch try await signIn.signIn(id, terms: .browser, client: client) {
        case .opened(let opened): return .opened(opened)
        case .challenged(let token): return .challenged(token)
        }
    }

    private func register(
        _ person: PersonClaims, _ address: EmailAddress, _ issuer: String, _ client: ClientDescription
    ) async throws -> OpenedSession {
        guard let name = person.displayName(at: address) else { throw LoginRefusal.addressMissing }
        try await registrar.admit(client)
        let new = NewUser(verified: address, name: name)
        let identity = try IdentityStore.insert(person, at: issuer, of: new.id)
        let opened = try await identities.database.withTransaction(as: .platform) { transaction in
            let opened = try await registrar.store(new, terms: .browser, client: client, in: transaction)
            try await transaction.batch(identity)
            return opened
        }
        registrar.wake()
        return opened
    }

    private static func isRace(_ error: any Error) -> Bool {
        error is Registrar.AddressTaken || (error as? PostgresError)?.sqlState == .uniqueViolation
    }

    // MARK: Providers

    private func provider(_ name: String) throws(LoginRefusal) -> OpenIDProvider {
        guard let provider = providers.first(where: { $0.settings.name == name }) else { throw .unknownProvider }
        return provider
    }

    private func redirectURI(of provider: OpenIDProvider) -> String {
        "\(publicURL)/api/v1/auth/oidc/\(provider.settings.name)/callback"
    }

    /// What goes wrong at a provider is for the operator to know; the person is told what to do.
    private func telling<Value>(of provider: OpenIDProvider, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as ProviderError {
            logger.warning(
                "a provider could not sign somebody in",
                metadata: ["provider": "\(provider.settings.name)", "reason": "\(error)"])
            throw LoginRefusal(error)
        }
    }
}

/// What a browser brings back from a provider (RFC 6749 sections 4.1.2, RFC 9207), and what it had all along.
struct AuthorizationAnswer: Sendable {
    let state: SecretToken?
    let code: String?
    let error: String?
    let issuer: String?
    /// From the cookie of the flow.
    let browser: SecretToken?
}
