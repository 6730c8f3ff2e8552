import Foundation
import HTTPKit
import ServiceKit

/// A page by which one enters, and where one goes then.
protocol EntryPage: Sendable {
    /// As it was asked for; not to be trusted.
    var next: String? { get }
}

/// A path as it stands in a query.
func encoded(_ path: String?) -> String? {
    path?.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
}

/// What `login.mustache` reads as `page`.
struct SignInPage: EntryPage {
    var next: String?
    var email = ""
    var isRemembered = false
    /// Whether a forgotten password has just been set.
    var isPasswordSet = false
    let providers: [ProviderLink]
    /// Why it did not work.
    var message: String?
    /// Where the other entry leads to.
    let nextQuery: String?

    init(next: String?, providers: [IdentityProvider]) {
        self.next = next
        nextQuery = encoded(next)
        self.providers = providers.map { ProviderLink($0, next: next) }
    }

    init(_ form: FormFields, providers: [IdentityProvider]) {
        self.init(next: form["next"], providers: providers)
        email = form["email"] ?? ""
        isRemembered = form["remember_me"].map { !["", "0", "false", "off"].contains($0.lowercased()) } ?? false
    }

    func refused(_ problem: Problem) -> SignInPage {
        var page = self
        page.message = problem.sentence
        return page
    }
}

/// What `two-factor.mustache` reads as `page`.
struct SecondFactorPage: EntryPage {
    var next: String?
    var challenge: String
    /// Why it did not work.
    var message: String?

    init(next: String?, challenge: String) {
        self.next = next
        self.challenge = challenge
    }

    init(_ form: FormFields) {
        self.init(next: form["next"], challenge: form["challenge"] ?? "")
    }

    func refused(_ problem: Problem) -> SecondFactorPage {
        var page = self
        page.message = problem.detail ?? problem.title
        return page
    }
}

/// What `register.mustache` reads as `page`.
struct RegistrationPage: EntryPage {
    /// What is wrong with the fields, a sentence each.
    struct Objections: Sendable {
        var email: String?
        var password: String?
        var name: String?
        var organizationName: String?
    }

    var next: String?
    var email = ""
    var name = ""
    var organizationName = ""
    let providers: [ProviderLink]
    /// Why it did not work, when no field is to blame.
    var message: String?
    var objections = Objections()
    /// Where the other entry leads to.
    let nextQuery: String?

    init(next: String?, providers: [IdentityProvider]) {
        self.next = next
        nextQuery = encoded(next)
        self.providers = providers.map { ProviderLink($0, next: next) }
    }

    init(_ form: FormFields, providers: [IdentityProvider]) {
        self.init(next: form["next"], providers: providers)
        email = form["email"] ?? ""
        name = form["name"] ?? ""
        organizationName = form["organization_name"] ?? ""
    }

    /// The form's fields as the API takes them; an empty one that is optional is none.
    func input(_ form: FormFields) -> RegistrationInput {
        RegistrationInput(
            email: email, password: form["password"] ?? "", name: name,
            organizationName: organizationName.isEmpty ? nil : organizationName)
    }

    func refused(_ problem: Problem) -> RegistrationPage {
        var page = self
        func objection(to field: String, called title: String) -> String? {
            problem.errors.first { $0.field == field }.map { "\(title) \($0.message)." }
        }
        page.objections = Objections(
            email: objection(to: "email", called: "The address"),
            password: objection(to: "password", called: "The password"),
            name: objection(to: "name", called: "The name"),
            organizationName: objection(to: "organization_name", called: "The name"))
        if problem.errors.isEmpty { page.message = problem.detail ?? problem.title }
        return page
    }
}

extension Problem {
    /// What a page says of it.
    var sentence: String {
        errors.first.map { "The \($0.field.replacing("_", with: " ")) \($0.message)." } ?? detail ?? title
    }
}
