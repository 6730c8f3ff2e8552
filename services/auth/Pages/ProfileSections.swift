import Foundation
import HTTPKit
import Identity
import Kernel

/// Where somebody is signed in.
struct SessionSection: Sendable {
    struct Item: Sendable {
        let id: String
        let device: String
        let address: String?
        let isProgram: Bool
        let isCurrent: Bool
        let lastUsed: Moment
        let began: Moment
    }

    let items: [Item]
    let hasOthers: Bool
    let pager: Pager?

    init(_ account: ProfileContents) {
        items = account.sessions.items.map { Item($0, isCurrent: $0.id == account.currentSession) }
        pager = account.sessions.pager("Sessions", cursor: "sessions")
        hasOthers = pager != nil || items.contains { !$0.isCurrent }
    }
}

extension SessionSection.Item {
    fileprivate init(_ session: SessionRecord, isCurrent: Bool) {
        id = session.id.text
        device = session.client.deviceName
        address = session.client.address
        isProgram = session.terms == .api
        self.isCurrent = isCurrent
        lastUsed = Moment(session.lastUsedAt)
        began = Moment(session.createdAt)
    }
}

/// The personal access tokens of an account, and the form for another one.
struct TokenSection: Sendable {
    struct Item: Sendable {
        let id: String
        let name: String
        let scopes: String
        let organization: String?
        let created: Moment
        let lastUsed: Moment?
        let expires: Moment?
    }

    /// A token that has just been made.
    struct New: Sendable {
        let name: String
        let secret: String
    }

    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let new: New?
    /// Where a new token would act; nil where none can be made.
    let organization: String?
    let message: String?
    let name: Field
    let scopes: [Choice]
    let scopesError: String?
    let lifetimes: [Choice]
    let lifetimeError: String?

    init(_ account: ProfileContents, _ form: FormState, _ outcome: ProfileOutcome?) {
        items = account.tokens.items.map { Item($0, organization: account.organizationNames[$0.organizationID]) }
        hasItems = !items.isEmpty
        pager = account.tokens.pager("Tokens", cursor: "tokens")
        new =
            if case .token(let token)? = outcome { token.token.map { New(name: token.name, secret: $0) } } else { nil }
        organization = account.activeOrganization.flatMap { account.organizationNames[$0] }
        message = form.message
        name = form.field("name", called: "The name")
        let chosen = form.chosen("scopes")
        scopes = TokenScope.allCases.map { scope in
            Choice(
                value: scope.rawValue, title: "\(scope.area.rawValue.capitalized): \(scope.verb.rawValue)",
                isChosen: chosen.contains(scope.rawValue))
        }
        scopesError = form.field("scopes", called: "Scopes").error.map { _ in "Choose at least one scope." }
        let lifetime = form.field("lifetime", called: "The lifetime", TokenLifetime.default.rawValue)
        lifetimes = TokenLifetime.allCases.map { each in
            Choice(value: each.rawValue, title: each.title, isChosen: each.rawValue == lifetime.value)
        }
        lifetimeError = lifetime.error
    }
}

extension TokenSection.Item {
    fileprivate init(_ token: AccessTokenRecord, organization: String?) {
        id = token.id.text
        name = token.name
        scopes = TokenScope.allCases.filter(token.scopes.contains).map(\.rawValue).joined(separator: ", ")
        self.organization = organization
        created = Moment(token.createdAt)
        lastUsed = token.lastUsedAt.map(Moment.init)
        expires = token.expiresAt.map(Moment.init)
    }
}

/// The second factor of an account, and the forms by which it is turned on, replaced and turned off.
struct FactorSection: Sendable {
    /// What an authenticator app is set up with, shown when that has just begun.
    struct Enrolment: Sendable {
        /// SVG.
        let picture: String
        let secret: String
        let address: String
    }

    let isEnabled: Bool
    let since: Moment?
    let recoveryCodesLeft: Int
    /// Whether an app has been set up, a code of which is to be shown; another one, where a factor is in force.
    let isBegun: Bool
    let enrolment: Enrolment?
    let recoveryCodes: [String]
    let hasRecoveryCodes: Bool
    /// Why a form was refused, where no field is to blame.
    let message: String?
    let beginPassword: Field
    /// Of the factor in force, to replace it.
    let beginCode: Field
    let confirmCode: Field
    let renewPassword: Field
    let renewCode: Field
    let removePassword: Field
    let removeCode: Field

    init(
        _ factor: TwoFactorStore.Factor?, _ refused: RefusedForm<ProfileForm>?, _ outcome: ProfileOutcome?
    ) {
        isEnabled = factor?.confirmedAt != nil
        since = factor?.confirmedAt.map(Moment.init)
        recoveryCodesLeft = factor?.recoveryCodesLeft ?? 0
        isBegun = factor?.candidate != nil
        enrolment =
            if case .enrolment(let answer)? = outcome {
                Enrolment(picture: answer.qrCode, secret: answer.secret, address: answer.otpauthURL)
            } else { nil }
        recoveryCodes = if case .recoveryCodes(let codes)? = outcome { codes } else { [] }
        hasRecoveryCodes = !recoveryCodes.isEmpty
        let begin = FormState(of: .enrolment, refused)
        let confirmation = FormState(of: .confirmation, refused)
        let renewal = FormState(of: .recoveryCodes, refused)
        let removal = FormState(of: .factorRemoval, refused)
        message = begin.message ?? confirmation.message ?? renewal.message ?? removal.message
        beginPassword = begin.secret("password", called: "The password")
        beginCode = begin.secret("code", called: "The code")
        confirmCode = confirmation.secret("code", called: "The code")
        renewPassword = renewal.secret("password", called: "The password")
        renewCode = renewal.secret("code", called: "The code")
        removePassword = removal.secret("password", called: "The password")
        removeCode = removal.secret("code", called: "The code")
    }
}
