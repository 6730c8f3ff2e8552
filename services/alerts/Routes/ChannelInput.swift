import FoundationEssentials
import HTTPKit
import Outbound

/// A channel as a client writes it; every field it may leave out, or that only some types have, is optional here.
struct ChannelInput: Decodable, Sendable {
    /// In seconds.
    static let longestGroup = 3_600
    static let mostMembers = 50

    let name: String
    let type: String
    let url: String?
    /// Nil keeps the one there is.
    let secret: String?
    let addresses: [String]?
    let memberIDs: [UUID]?
    let groupSeconds: Int?
    let template: TemplateInput?

    enum CodingKeys: String, CodingKey {
        case name, type, url, secret, addresses, template
        case memberIDs = "member_ids"
        case groupSeconds = "group_s"
    }

    /// The definition this stands for.
    ///
    /// - Parameter current: The channel that it replaces, whose secrets stay where none is given; nil for a new one.
    /// - Throws: 422 with everything that is wrong.
    func definition(replacing current: Channel? = nil) throws -> ChannelDefinition {
        guard let kind = Channel.Kind(rawValue: type) else {
            throw Problem.invalid(
                "type", "must be one of \(Channel.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var check = Validation()
        check.length(of: name, 1...200, "name")
        check.range(of: groupSeconds, 0...Self.longestGroup, "group_s")
        let template = template?.checked(&check, "template")
        let destination = destination(kind, keepsURL: current?.destination.kind == kind, &check)
        guard check.errors.isEmpty else { throw Problem.invalid(check.errors) }
        return ChannelDefinition(
            name: name, destination: destination, groupSeconds: groupSeconds ?? 0, template: template)
    }

    private func destination(
        _ kind: Channel.Kind, keepsURL: Bool, _ check: inout Validation
    ) -> ChannelDefinition.Destination {
        check.require(kind == .webhook || secret == nil, "secret", "has a meaning only with webhook")
        check.require(kind == .email || addresses == nil, "addresses", "has a meaning only with email")
        check.require(kind == .email || memberIDs == nil, "member_ids", "has a meaning only with email")
        switch kind {
        case .email:
            check.require(url == nil, "url", "has no meaning with email")
            return .email(addresses: checkedAddresses(&check), memberIDs: checkedMembers(&check))
        case .webhook:
            checkURL(isRequired: true, &check)
            check.length(of: secret, 1...200, "secret")
            return .webhook(url: url ?? "", secret: secret)
        case .slack:
            checkURL(isRequired: !keepsURL, &check)
            return .slack(url: url)
        case .teams:
            checkURL(isRequired: !keepsURL, &check)
            return .teams(url: url)
        }
    }

    private func checkURL(isRequired: Bool, _ check: inout Validation) {
        guard let url else { return check.require(!isRequired, "url", "is required") }
        check.length(of: url, 1...2_000, "url")
        check.require(Self.isWebAddress(url), "url", "must be an http or https URL")
    }

    private static func isWebAddress(_ text: String) -> Bool {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), let host = url.host() else {
            return false
        }
        return (scheme == "http" || scheme == "https") && !host.isEmpty
    }

    private func checkedAddresses(_ check: inout Validation) -> [String] {
        let addresses = addresses ?? []
        check.require(
            !addresses.isEmpty || !(memberIDs ?? []).isEmpty, "addresses", "is required, or else member_ids")
        check.count(of: addresses, 0...20, "addresses")
        for (index, address) in addresses.prefix(20).enumerated() {
            check.require(
                Self.isMailbox(address), "addresses[\(index)]", "must be an e-mail address such as ada@example.org")
        }
        check.require(
            Set(addresses.map { $0.lowercased() }).count == addresses.count, "addresses", "must name each address once")
        return addresses
    }

    private func checkedMembers(_ check: inout Validation) -> [UUID] {
        let ids = memberIDs ?? []
        check.count(of: ids, 0...Self.mostMembers, "member_ids")
        check.require(Set(ids).count == ids.count, "member_ids", "must name each member once")
        return ids
    }

    /// An address alone, in the characters that every mail server takes and no longer than one may (RFC 5321
    /// §4.5.3.1.3).
    private static func isMailbox(_ text: String) -> Bool {
        text.utf8.count <= 254 && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            && MailAddress(text) == MailAddress(address: text)
    }
}

/// A template as a client writes it.
struct TemplateInput: Decodable, Sendable {
    let subject: String?
    let body: String

    /// - Parameter field: Where it stands in the request.
    func checked(_ check: inout Validation, _ field: String) -> MessageTemplate {
        check.length(of: subject, 1...MessageTemplate.maximumSubject, "\(field).subject")
        check.length(of: body, 1...MessageTemplate.maximumBody, "\(field).body")
        for (text, part) in [(subject, "subject"), (body, "body")] {
            guard let text, text.count <= MessageTemplate.maximumBody else { continue }
            do {
                _ = try MessageTemplate.parse(text)
            } catch {
                check.reject("\(field).\(part)", "\(error.reason) (line \(error.line))")
            }
        }
        check.require(subject.map { !$0.contains(where: \.isNewline) } ?? true, "\(field).subject", "must be one line")
        return MessageTemplate(subject: subject, body: body)
    }
}
