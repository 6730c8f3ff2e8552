import FoundationEssentials
import HTTPKit
import Kernel

/// A channel as its form has it: what was typed, be it right or wrong.
struct ChannelDraft: Sendable {
    private static let fields = [
        "name", "url", "secret", "addresses", "group_s", "template.subject", "template.body",
    ]

    let kind: Channel.Kind
    private(set) var texts: [String: String] = [:]
    /// Who is mailed as a member of the organization.
    private(set) var memberIDs: [String] = []

    /// A new channel.
    init(_ kind: Channel.Kind) {
        self.kind = kind
    }

    /// - Throws: 422 for a type that there is not.
    init(_ form: FormFields) throws(Problem) {
        guard let kind = Channel.Kind(rawValue: form["type"] ?? "") else {
            throw .invalid("type", "must be one of those offered")
        }
        self.kind = kind
        for name in Self.fields { texts[name] = form[name]?.replacing("\r\n", with: "\n") }
        memberIDs = form.values(of: "member_ids")
    }

    /// Without the secrets, which stay where none are typed.
    init(_ channel: Channel) {
        kind = channel.destination.kind
        texts["name"] = channel.name
        switch channel.destination {
        case .email(let addresses, let members):
            texts["addresses"] = addresses.joined(separator: "\n")
            memberIDs = members.map(\.text)
        case .webhook(let url, _): texts["url"] = url
        case .slack, .teams: break
        }
        if channel.groupSeconds > 0 { texts["group_s"] = "\(channel.groupSeconds)" }
        texts["template.subject"] = channel.template?.subject
        texts["template.body"] = channel.template?.body
    }

    subscript(name: String) -> String { texts[name] ?? "" }

    /// What the API takes; an empty field is none.
    ///
    /// - Throws: 422 for what is no number.
    func input() throws -> ChannelInput {
        var check = Validation()
        let group = text("group_s").flatMap { check.count($0, "group_s") }
        let members = check.ids(memberIDs, "member_ids")
        let addresses = self["addresses"].split { $0.isNewline || $0 == "," }.map { String($0).trimmed }
            .filter { !$0.isEmpty }
        check.require(
            kind != .email || !addresses.isEmpty || !members.isEmpty, "addresses",
            "must have an address, or a member must be chosen")
        guard check.errors.isEmpty else { throw Problem.invalid(check.errors) }
        return ChannelInput(
            name: self["name"].trimmed, type: kind.rawValue, url: kind == .email ? nil : text("url"),
            secret: kind == .webhook ? text("secret") : nil, addresses: kind == .email ? addresses : nil,
            memberIDs: kind == .email ? members : nil, groupSeconds: group, template: template)
    }

    /// Nil for the default words.
    var template: TemplateInput? {
        guard text("template.subject") != nil || text("template.body") != nil else { return nil }
        return TemplateInput(subject: text("template.subject"), body: self["template.body"])
    }

    private func text(_ name: String) -> String? {
        let text = self[name].trimmed
        return text.isEmpty ? nil : text
    }
}

/// The form of a channel, with the fields of its type.
struct ChannelFormSection: Sendable {
    let type: String
    let message: String?
    let name: LineField
    let url: LineField?
    let secret: LineField?
    let addresses: Field?
    let members: [Choice]
    let hasMembers: Bool
    let membersError: String?
    let group: LineField
    let subject: LineField
    let body: Field
    let variables: String

    /// - Parameters:
    ///   - channel: The one that is changed; nil for a new one.
    ///   - people: The members of the organization.
    init(_ draft: ChannelDraft, _ channel: Channel?, people: [DirectoryStore.Entry], _ form: FormState) {
        func field(
            _ name: String, _ label: String, hint: String? = nil, isRequired: Bool = false, mode: String = "text"
        ) -> LineField {
            LineField(
                name: name, id: "channel-\(name.replacing(".", with: "-"))", label: label, hint: hint,
                isRequired: isRequired, inputMode: mode, value: draft[name],
                error: form.field(name, called: label).error)
        }
        type = draft.kind.rawValue
        message = form.message
        name = field("name", "Name", isRequired: true)
        let isSecret = draft.kind == .slack || draft.kind == .teams
        let keeps = channel != nil && isSecret
        url =
            draft.kind == .email
            ? nil
            : field(
                "url", "URL", hint: keeps ? "Left empty, the one there is stays." : nil, isRequired: !keeps,
                mode: "url")
        secret =
            draft.kind == .webhook
            ? field("secret", "Secret", hint: "Signs what is sent. Left empty, the one there is stays.") : nil
        addresses =
            draft.kind == .email ? form.field("addresses", called: "The list", draft["addresses"]) : nil
        members = draft.kind == .email ? people.choices(Set(draft.memberIDs)) : []
        hasMembers = !members.isEmpty
        membersError = form.field("member_ids", called: "The list of members").error
        group = field(
            "group_s", "Collected for so many seconds", hint: "What comes meanwhile is one message.", mode: "numeric")
        subject = field("template.subject", "Subject", hint: "Left empty, the usual one.")
        body = form.field("template.body", called: "The message", draft["template.body"])
        variables = MessageTemplate.variables.joined(separator: ", ")
    }
}
