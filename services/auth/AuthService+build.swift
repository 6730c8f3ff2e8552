import EventBus
import Foundation
import HTTPKit
import Identity
import ServiceKit
import ServiceLifecycle

/// The parts of the auth service, made and wired.
struct AuthApplication {
    /// The binary logarithm of bcrypt's rounds.
    static let passwordCost = 12

    let http: HTTPApplication
    /// Everything that runs, in the order in which it starts.
    let services: [any ServiceLifecycle.Service]

    /// - Parameters:
    ///   - hasher: Another one only in tests, which cannot wait for the real cost.
    ///   - keys: Likewise for when signing keys come and go; nil for what the configuration says.
    init(
        _ environment: ServiceEnvironment, hasher: PasswordHasher = PasswordHasher(cost: Self.passwordCost),
        keys: KeyTerms? = nil
    ) async throws {
        let logger = environment.logger
        let verificationKeys = LocalKeys()
        let base = try await ServiceBase(environment, issuerKeys: verificationKeys)
        let sealer = Sealer(keys: base.keyRing)
        let forms = FormTokens(keys: base.keyRing)
        let pages = try PageRenderer(
            service: "auth", templates: Bundle.module.url(forResource: "Templates", withExtension: nil), forms: forms)
        let outbox = Outbox(source: .auth)
        let revocations = RevocationStore(database: base.database)
        let idempotency = Idempotency(table: "auth.idempotency", database: base.database, sealer: sealer)
        let signingKeys = SigningKeys(
            store: SigningKeyStore(
                database: base.database, sealer: sealer, outbox: outbox,
                terms: keys ?? KeyTerms(rotation: environment.configuration.signingKeyRotation)),
            verificationKeys: verificationKeys, logger: logger)
        environment.health.register("signing keys") { _ = try signingKeys.signer() }

        let accounts = Accounts(base, signingKeys: signingKeys, hasher: hasher, outbox: outbox)
        let tokens = AccessTokenStore(database: base.database, outbox: outbox)
        var routes = RouteTable(.auth)
        accounts.addRoutes(to: &routes, pages: pages, idempotency: idempotency)
        AccessTokenRoutes(tokens: tokens, announcer: accounts.sessions.announcer, idempotency: idempotency)
            .add(to: &routes)
        GrantRoutes(
            grants: GrantStore(database: base.database), announcer: accounts.sessions.announcer,
            idempotency: idempotency
        ).add(to: &routes)
        KeyRoutes(keys: signingKeys, revocations: revocations).add(to: &routes)
        let directory = DirectoryStore(database: base.database)
        EntityRoutes(directory: directory, idempotency: idempotency).add(to: &routes)
        RelationshipRoutes(
            relationships: RelationshipStore(database: base.database), directory: directory, idempotency: idempotency
        ).add(to: &routes)
        AuditRoutes(audit: AuditStore(database: base.database)).add(to: &routes)
        AdministrationRoutes(
            administration: AdministrationStore(database: base.database, outbox: outbox),
            announcer: accounts.sessions.announcer
        ).add(to: &routes)

        http = try HTTPApplication(
            environment, routes: routes,
            authenticator: base.authenticator(accessTokens: { try await tokens.holder(of: $0)?.principal }),
            forms: forms, pages: pages,
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"))
        let reread: @Sendable (String?) async throws -> RevocationPage = { after in
            try await revocations.page(after: after.flatMap(Int.init) ?? 0)
        }
        services =
            try base.services(rereadRevocations: reread) + [
                signingKeys,
                OutboxRelay(outbox: outbox, database: base.database, redis: base.redis, logger: logger),
                Housekeeping(database: base.database, logger: logger), idempotency,
                http,
            ]
    }
}

/// What users do with their accounts, and the routes to it.
private struct Accounts {
    let users: UserStore
    let sessions: Sessions
    let registrar: Registrar
    let signIn: SignIn

    init(_ base: ServiceBase, signingKeys: SigningKeys, hasher: PasswordHasher, outbox: Outbox) {
        let logger = base.environment.logger
        let issuer = TokenIssuer(keys: signingKeys, grants: GrantStore(database: base.database))
        let store = SessionStore(database: base.database, outbox: outbox)
        let attempts = AttemptLog(redis: base.redis, logger: logger)
        users = UserStore(database: base.database)
        sessions = Sessions(
            store: store, issuer: issuer,
            announcer: RevocationAnnouncer(revocations: base.revocations, redis: base.redis, logger: logger))
        registrar = Registrar(
            hasher: hasher, limit: RegistrationGuard(log: attempts), issuer: issuer, outbox: outbox)
        signIn = SignIn(
            users: users, sessions: store, hasher: hasher, limit: SignInGuard(log: attempts), issuer: issuer)
    }

    func addRoutes(to routes: inout RouteTable, pages: PageRenderer, idempotency: Idempotency) {
        let renewal = CookieRenewal(sessions: sessions)
        AccountRoutes(registrar: registrar, signIn: signIn, sessions: sessions, idempotency: idempotency)
            .add(to: &routes)
        ProfileRoutes(users: users, renewal: renewal).add(to: &routes)
        SessionRoutes(sessions: sessions).add(to: &routes)
        PageRoutes(
            registrar: registrar, signIn: signIn, sessions: sessions, users: users, renewal: renewal, pages: pages
        ).add(to: &routes)
    }
}
