import EventBus
import Foundation
import HTTPKit
import Identity
import Outbound
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
    ///   - deletion: Other terms only in tests, which cannot wait for a week.
    ///   - keys: Likewise for when signing keys come and go; nil for what the configuration says.
    init(
        _ environment: ServiceEnvironment, hasher: PasswordHasher = PasswordHasher(cost: Self.passwordCost),
        deletion: DeletionTerms = DeletionTerms(), keys: KeyTerms? = nil
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
        let idempotency = Idempotency(
            table: "auth.idempotency", database: base.database, sealer: sealer, logger: logger)
        let signingKeys = SigningKeys(
            store: SigningKeyStore(
                database: base.database, sealer: sealer, outbox: outbox,
                terms: keys ?? KeyTerms(rotation: environment.configuration.signingKeyRotation)),
            verificationKeys: verificationKeys, logger: logger)
        environment.health.register("signing keys") { _ = try signingKeys.signer() }

        let tokens = AccessTokenStore(database: base.database, outbox: outbox)
        let authenticator = try base.authenticator(accessTokens: { try await tokens.holder(of: $0)?.principal })
        let correspondence = Correspondence(
            queue: MailQueue(database: base.database, sealer: sealer, wake: DeliveryWake()),
            links: Links(base: environment.configuration.publicURL))
        let mail = MailDelivery(
            queue: correspondence.queue, mailer: environment.configuration.mail.map(Mailer.init),
            sender: environment.configuration.mailSender, logger: logger)
        let accounts = Accounts(
            base, signingKeys: signingKeys, sealer: sealer, hasher: hasher, outbox: outbox,
            correspondence: correspondence)
        let announcer = accounts.sessions.announcer
        let renewal = CookieRenewal(authenticator: authenticator, sessions: accounts.sessions)
        var routes = RouteTable(.auth)
        accounts.addRoutes(to: &routes, pages: pages, idempotency: idempotency)
        let tenancy = Tenancy(
            base, sessions: accounts.sessions, outbox: outbox, deletion: deletion, correspondence: correspondence)
        tenancy.addRoutes(to: &routes, pages: pages, sessions: accounts.sessions, idempotency: idempotency)
        AccessTokenRoutes(tokens: tokens, announcer: announcer, idempotency: idempotency).add(to: &routes)
        GrantRoutes(
            grants: GrantStore(database: base.database), organizations: tenancy.organizations, announcer: announcer,
            idempotency: idempotency
        ).add(to: &routes)
        SnapshotRoutes(snapshots: SnapshotStore(database: base.database)).add(to: &routes)
        PeerRoutes(keys: signingKeys, revocations: revocations, renewal: renewal).add(to: &routes)
        let directory = DirectoryStore(database: base.database)
        EntityRoutes(directory: directory, idempotency: idempotency).add(to: &routes)
        RelationshipRoutes(
            relationships: RelationshipStore(database: base.database), directory: directory, idempotency: idempotency
        ).add(to: &routes)
        let audit = AuditStore(database: base.database)
        AuditRoutes(audit: audit).add(to: &routes)
        ExportRoutes(
            users: accounts.users, twoFactor: accounts.signIn.twoFactor.store, sessions: accounts.sessions.store,
            identities: accounts.relyingParty.identities, providers: environment.configuration.identityProviders,
            tokens: tokens, grants: GrantStore(database: base.database), invitations: tenancy.invitations.store,
            audit: audit
        ).add(to: &routes)
        let accountDeletion = AccountDeletion(
            store: AccountDeletionStore(database: base.database), signIn: accounts.signIn, grace: deletion.grace)
        AccountDeletionRoutes(deletion: accountDeletion).add(to: &routes)
        let signedInPages = SignedInPages(renderer: pages, organizations: tenancy.organizations.store)
        accounts.addPages(to: &routes, signedInPages, tokens: tokens, deletion: accountDeletion)
        tenancy.addPages(
            to: &routes, signedInPages, sessions: accounts.sessions, audit: audit,
            twoFactor: accounts.signIn.twoFactor)
        AdministrationRoutes(
            administration: AdministrationStore(database: base.database, outbox: outbox),
            announcer: announcer
        ).add(to: &routes)

        let application = EventApplication(limits: LimitStore())
        let rebuild = ProjectionRebuild(
            application.sources(billing: try base.peer(.billing)), database: base.database, logger: logger,
            handler: application.apply)

        http = try HTTPApplication(
            environment, routes: routes, authenticator: authenticator,
            sessions: SessionRenewal(logger: logger, ask: renewal.renewed), forms: forms,
            members: { [organizations = tenancy.organizations] user, organization, least, evenSuspended in
                try await organizations.find(
                    organization, by: try Requester(user), atLeast: least, evenSuspended: evenSuspended)
            },
            pages: pages,
            openAPI: Bundle.module.url(forResource: "openapi", withExtension: "yaml"))
        let reread: @Sendable (String?) async throws -> RevocationPage = { after in
            try await revocations.page(after: after.flatMap(Int.init) ?? 0)
        }
        services =
            try base.services(ownRevocations: reread) + [
                signingKeys,
                OutboxRelay(outbox: outbox, database: base.database, redis: base.redis, logger: logger),
                EventConsumer(
                    sources: [.billing], types: EventApplication.types, consumer: .auth, database: base.database,
                    redis: base.redis, logger: logger, rebuild: rebuild, handler: application.apply),
                Housekeeping(database: base.database, logger: logger), idempotency, mail.loop,
                tenancy.removal, tenancy.sweeper,
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
    let passwords: Passwords
    let verification: EmailVerification
    let relyingParty: RelyingParty

    init(
        _ base: ServiceBase, signingKeys: SigningKeys, sealer: Sealer, hasher: PasswordHasher, outbox: Outbox,
        correspondence: Correspondence
    ) {
        let logger = base.environment.logger
        let issuer = TokenIssuer(keys: signingKeys)
        let store = SessionStore(database: base.database, outbox: outbox)
        let attempts = AttemptLog(redis: base.redis, logger: logger)
        users = UserStore(database: base.database, outbox: outbox)
        sessions = Sessions(
            store: store, issuer: issuer,
            announcer: RevocationAnnouncer(revocations: base.revocations, redis: base.redis, logger: logger))
        registrar = Registrar(
            hasher: hasher,
            limit: .registration(attempts, perHour: base.environment.configuration.registrationsPerHour),
            correspondence: correspondence, issuer: issuer, outbox: outbox)
        let limit = SignInGuard(log: attempts)
        signIn = SignIn(
            users: users, sessions: store, challenges: ChallengeStore(database: base.database),
            twoFactor: TwoFactor(
                store: TwoFactorStore(database: base.database, sealer: sealer), limit: limit,
                announcer: sessions.announcer),
            hasher: hasher, limit: limit, issuer: issuer, log: SignInLog(database: base.database))
        passwords = Passwords(
            store: PasswordStore(database: base.database, outbox: outbox, queue: correspondence.queue),
            signIn: signIn, correspondence: correspondence, announcer: sessions.announcer,
            resetLimit: .passwordReset(attempts), requestLimit: .letters(attempts))
        verification = EmailVerification(
            users: users, correspondence: correspondence, limit: .verification(attempts))
        let configuration = base.environment.configuration
        relyingParty = RelyingParty(
            providers: configuration.identityProviders.map { OpenIDProvider($0, http: base.http) },
            publicURL: configuration.publicURL, flows: LoginFlowStore(database: base.database, sealer: sealer),
            identities: IdentityStore(database: base.database, outbox: outbox), registrar: registrar, signIn: signIn,
            logger: logger)
    }

    func addRoutes(to routes: inout RouteTable, pages: PageRenderer, idempotency: Idempotency) {
        AccountRoutes(registrar: registrar, signIn: signIn, sessions: sessions, idempotency: idempotency)
            .add(to: &routes)
        ProfileRoutes(users: users).add(to: &routes)
        SessionRoutes(sessions: sessions).add(to: &routes)
        PasswordRoutes(passwords: passwords).add(to: &routes)
        EmailRoutes(verification: verification, signIn: signIn).add(to: &routes)
        LetterPageRoutes(passwords: passwords, verification: verification, pages: pages).add(to: &routes)
        TwoFactorRoutes(twoFactor: signIn.twoFactor, signIn: signIn).add(to: &routes)
        let providers = relyingParty.providers.map(\.settings)
        PageRoutes(
            registrar: registrar, signIn: signIn, sessions: sessions, users: users, providers: providers, pages: pages
        ).add(to: &routes)
        OIDCRoutes(relyingParty: relyingParty, sessions: sessions, pages: pages).add(to: &routes)
        IdentityRoutes(identities: relyingParty.identities, providers: providers).add(to: &routes)
    }

    func addPages(
        to routes: inout RouteTable, _ pages: SignedInPages, tokens: AccessTokenStore, deletion: AccountDeletion
    ) {
        let profile = ProfilePages(
            pages: pages, users: users, identities: relyingParty.identities,
            providers: relyingParty.providers.map(\.settings), sessions: sessions.store, tokens: tokens,
            twoFactor: signIn.twoFactor.store)
        ProfilePageRoutes(profile: profile, users: users, sessions: sessions).add(to: &routes)
        ProfileIdentityRoutes(profile: profile, identities: relyingParty.identities).add(to: &routes)
        ProfileTokenRoutes(profile: profile, tokens: tokens, announcer: sessions.announcer).add(to: &routes)
        ProfileCredentialRoutes(
            profile: profile, signIn: signIn, passwords: passwords, verification: verification
        ).add(to: &routes)
        ProfileSecurityRoutes(profile: profile, signIn: signIn, deletion: deletion).add(to: &routes)
    }
}

/// Organizations, who belongs to them and what they work on, and the routes to them.
private struct Tenancy {
    let organizations: Organizations
    let members: Members
    let projects: ProjectStore
    let invitations: Invitations
    let cookies: CookieReplacement
    let removal: OrganizationRemoval
    let sweeper: DeletionSweeper

    init(
        _ base: ServiceBase, sessions: Sessions, outbox: Outbox, deletion: DeletionTerms,
        correspondence: Correspondence
    ) {
        let logger = base.environment.logger
        let store = OrganizationStore(database: base.database)
        let ledger = Ledger(outbox: outbox)
        projects = ProjectStore(database: base.database, ledger: ledger)
        let announcer = sessions.announcer
        let memberStore = MemberStore(database: base.database)
        organizations = Organizations(
            store: store, members: memberStore, ledger: ledger, announcer: announcer, grace: deletion.grace)
        members = Members(
            organizations: store, store: memberStore, projects: projects, ledger: ledger, announcer: announcer)
        invitations = Invitations(
            organizations: organizations, store: InvitationStore(database: base.database),
            ledger: InvitationLedger(outbox: outbox), correspondence: correspondence, announcer: announcer,
            limit: .invitations(AttemptLog(redis: base.redis, logger: logger)))
        cookies = CookieReplacement(sessions: sessions)
        removal = OrganizationRemoval(
            table: "auth.removals", steps: OrganizationEnd.parts, database: base.database, logger: logger)
        sweeper = DeletionSweeper(
            accounts: AccountEnd(
                database: base.database, outbox: outbox, organizations: store, members: members),
            organizations: OrganizationEnd(database: base.database, outbox: outbox, removal: removal),
            terms: deletion, announcer: announcer, logger: logger)
    }

    func addRoutes(to routes: inout RouteTable, pages: PageRenderer, sessions: Sessions, idempotency: Idempotency) {
        OrganizationRoutes(organizations: organizations, idempotency: idempotency).add(to: &routes)
        MemberRoutes(members: members, cookies: cookies).add(to: &routes)
        InvitationRoutes(invitations: invitations, idempotency: idempotency).add(to: &routes)
        InvitationPageRoutes(invitations: invitations, sessions: sessions, pages: pages).add(to: &routes)
        ProjectRoutes(projects: projects, idempotency: idempotency).add(to: &routes)
    }

    func addPages(
        to routes: inout RouteTable, _ pages: SignedInPages, sessions: Sessions, audit: AuditStore, twoFactor: TwoFactor
    ) {
        let organization = OrganizationPages(
            pages: pages, organizations: organizations, members: members, invitations: invitations, audit: audit,
            twoFactor: twoFactor)
        OrganizationPageRoutes(organization: organization, organizations: organizations, sessions: sessions)
            .add(to: &routes)
        InvitingPageRoutes(organization: organization, invitations: invitations).add(to: &routes)
        MemberPageRoutes(organization: organization, members: members, cookies: cookies).add(to: &routes)
        ProjectPageRoutes(pages: pages, projects: projects, members: members).add(to: &routes)
    }
}
