import HTTPKit
import Kernel

/// The forms of the profile.
enum ProfileForm: Sendable {
    case name, email, password, unlinking, token, enrolment, confirmation, recoveryCodes, factorRemoval, deletion
}

/// What a form of the profile has done.
enum ProfileNotice: String, Notice {
    case renamed
    case letterSent = "letter-sent"
    case passwordChanged = "password-changed"
    case identityLinked = "identity-linked"
    case identityUnlinked = "identity-unlinked"
    case sessionEnded = "session-ended"
    case sessionsEnded = "sessions-ended"
    case tokenDeleted = "token-deleted"
    case factorRemoved = "second-factor-removed"
    case deletion
    case restored

    var text: String {
        switch self {
        case .renamed: "Your name has been changed."
        case .letterSent: "A letter with a link is on its way."
        case .passwordChanged: "Your password has been changed, and you are signed out everywhere else."
        case .identityLinked: "The identity is linked to your account; you can sign in with it."
        case .identityUnlinked: "The identity has been unlinked; nobody signs in with it any more."
        case .sessionEnded: "The session has been ended."
        case .sessionsEnded: "All other sessions have been ended."
        case .tokenDeleted: "The token has been deleted; nothing can use it any more."
        case .factorRemoved: "The second factor has been turned off."
        case .deletion: "Your account is going to be deleted. Until then you can restore it here."
        case .restored: "Your account has been restored."
        }
    }
}

/// What a form of the profile leads to at once, as it is shown this time only.
enum ProfileOutcome: Sendable {
    case refused(RefusedForm<ProfileForm>)
    case token(AccessTokenAnswer)
    case enrolment(EnrolmentAnswer)
    case recoveryCodes([String])

    var refused: RefusedForm<ProfileForm>? { if case .refused(let form) = self { form } else { nil } }
}

/// What `profile.mustache` reads as `page`.
struct ProfilePage: Sendable {
    let frame: PageFrame
    let email: String
    let isEmailVerified: Bool
    let name: Field
    let nameMessage: String?
    let registered: Moment
    let credentials: CredentialSection
    /// Nil where there are no providers.
    let identities: IdentitySection?
    let sessions: SessionSection
    let tokens: TokenSection
    let factor: FactorSection
    let deletion: DeletionSection

    /// - Parameter account: The caller's, with what belongs to it.
    init(_ account: ProfileContents, frame: PageFrame, outcome: ProfileOutcome?) {
        let refused = outcome?.refused
        let form = FormState(of: .name, refused)
        self.frame = frame
        email = account.user.email
        isEmailVerified = account.user.isEmailVerified
        name = form.field("name", called: "The name", account.user.name)
        nameMessage = form.message
        registered = Moment(account.user.createdAt)
        credentials = CredentialSection(refused)
        identities = IdentitySection(account, FormState(of: .unlinking, refused))
        sessions = SessionSection(account)
        tokens = TokenSection(account, FormState(of: .token, refused), outcome)
        factor = FactorSection(account.factor, refused, outcome)
        deletion = DeletionSection(account.user, FormState(of: .deletion, refused))
    }
}

/// The end of the account, wished for or not.
struct DeletionSection: Sendable {
    /// When the account is deleted; nil while nobody wants that.
    let end: Moment?
    let message: String?
    let email: Field
    let password: Field

    init(_ user: User, _ form: FormState) {
        end = user.deletesAt.map(Moment.init)
        message = form.message
        email = form.field("email", called: "The address")
        password = form.secret("password", called: "The password")
    }
}
