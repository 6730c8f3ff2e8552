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

    /// - Parameter hasher: Another one only in tests, which cannot wait for the real cost.
    init(
        _ environment: ServiceEnvironment, hasher: PasswordHasher = PasswordHasher(cost: Self.passwordCost)
    ) async throws {
        let logger = environment.logger
        let verificationKeys = LocalKeys()
        let base = try await ServiceBase(environment, issuerKeys: verificationKeys)
        let (database, redis) = (base.database, base.redis)
        let sealer = Sealer(keys: base.keyRing)
        let forms = FormTokens(keys: base.keyRing)
        let outbox = Outbox(source: .auth)

        let users = UserStore(database: database)
        let sessionStore = SessionStore(database: database, outbox: outbox)
        let revocations = RevocationStore(database: database)
        let idempotency = Idempotency(table: "auth.idempotency", database: database, sealer: sealer)
        let signingKeys = SigningKeys(
            store: SigningKeyStore(database: database, sealer: sealer), verificationKeys: verificationKeys,
            logger: logger)
        environment.health.register("signing keys") { _ = try signingKeys.signer() }

        let issuer = TokenIssuer(keys: signingKeys)
        let announcer = RevocationAnnouncer(revocations: base.revocations, redis: redis, logger: logger)
        let sessions = Sessions(store: sessionStore, issuer: issuer, announcer: announcer)
        let attempts = AttemptLog(redis: redis, logger: logger)
        let registrar = Registrar(
            hasher: hasher, limit: RegistrationGuard(log: attempts), issuer: issuer, outbox: outbox)
        let signIn = SignIn(
            users: users, sessions: sessionStore, hasher: hasher, limit: SignInGuard(log: attempts), issuer: issuer)
        let renewal = CookieRenewal(sessions: sessions)
        let pages = try PageRenderer(
            service: "auth", templates: Bundle.module.url(forResource: "Templates", withExtension: nil), forms: forms)

        var routes = RouteTable()
        AccountRoutes(registrar: registrar, signIn: signIn, sessions: sessions, idempotency: idempotency)
            .add(to: &routes)
        ProfileRoutes(users: users, renewal: renewal).add(to: &routes)
        SessionRoutes(sessions: sessions).add(to: &routes)
        KeyRoutes(keys: signingKeys, revocations: revocations).add(to: &routes)
        PageRoutes(
            registrar: registrar, signIn: signIn, sessions: sessions, users: users, renewal: renewal, pages: pages
        ).add(to: &routes)

        http = try HTTPApplication(
            environment, routes: routes, authenticator: base.authenticator(), forms: forms, pages: pages,
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"))
        let reread: @Sendable (String?) async throws -> RevocationPage = { after in
            try await revocations.page(after: after.flatMap(Int.init) ?? 0)
        }
        services =
            try base.services(rereadRevocations: reread) + [
                signingKeys,
                OutboxRelay(outbox: outbox, database: database, redis: redis, logger: logger),
                Housekeeping(database: database, logger: logger), idempotency,
                http,
            ]
    }
}
