import FoundationEssentials
import Kernel
import Outbound
import Postgres
import ServiceKit

/// A message to be sent.
struct OutgoingMessage: Sendable {
    /// The same at every attempt.
    let id: UUID
    /// What is told, each as the JSON of a ``WebhookBody``; empty for a test.
    let steps: [[UInt8]]
    let template: MessageTemplate?
    let createdAt: Timestamp
}

/// Sends a message to wherever a channel leads.
struct ChannelSender: Sendable {
    let web: WebSender
    let mail: MailSender
    let writer: MessageWriter

    init(_ configuration: ServiceConfiguration, client: HTTPClient) {
        web = WebSender(client: client, allowsPrivateAddresses: configuration.webhookAllowsPrivateAddresses)
        mail = MailSender(mailer: configuration.mail.map(Mailer.init), sender: configuration.mailSender)
        writer = MessageWriter(publicURL: configuration.publicURL)
    }

    /// Sends a message and says how it went.
    func send(_ message: OutgoingMessage, to target: ChannelTarget) async -> DeliveryOutcome {
        do {
            switch target {
            case .email(let address):
                return await mail.send(
                    try words(of: message, .email), id: message.id, to: address, createdAt: message.createdAt)
            case .webhook(let url, let secret):
                return await web.post(try webhookBody(of: message), id: message.id, to: url, secret: secret)
            case .slack(let url):
                return await web.post(try slackBody(of: message), id: message.id, to: url)
            case .teams(let url):
                return await web.post(try teamsBody(of: message), id: message.id, to: url)
            }
        } catch {
            return .refused("the message cannot be put into words: \(error)")
        }
    }

    /// What is posted; nil with e-mail.
    ///
    /// - Throws: ``TemplateError``, `EncodingError`, `DecodingError`.
    func payload(of message: OutgoingMessage, _ kind: Channel.Kind) throws -> [UInt8]? {
        switch kind {
        case .email: nil
        case .webhook: try webhookBody(of: message)
        case .slack: try slackBody(of: message)
        case .teams: try teamsBody(of: message)
        }
    }

    private func slackBody(of message: OutgoingMessage) throws -> [UInt8] {
        try JSONB(SlackMessage(words(of: message, .slack))).bytes
    }

    private func teamsBody(of message: OutgoingMessage) throws -> [UInt8] {
        try JSONB(TeamsMessage(words(of: message, .teams))).bytes
    }

    /// - Throws: ``TemplateError``, `DecodingError`.
    func words(of message: OutgoingMessage, _ kind: Channel.Kind) throws -> MessageWords {
        try writer.words(for: Announcement(message.steps), message.template, kind: kind)
    }

    /// One step as it is, several as a digest; with the words of the channel's template where it has one.
    private func webhookBody(of message: OutgoingMessage) throws -> [UInt8] {
        switch message.steps.count {
        case 0:
            return try JSONB(WebhookBody(type: "test", data: ["message": "This is a test of the channel."])).bytes
        case 1:
            guard message.template != nil,
                case .object(var body) = try JSONB(bytes: message.steps[0]).decode(AnyJSON.self)
            else { return message.steps[0] }
            let words = try words(of: message, .webhook)
            body["subject"] = .string(words.subject)
            body["text"] = .string(words.text)
            return try JSONB(body).bytes
        default:
            let items = message.steps.joined(separator: Array(",".utf8))
            let count = message.steps.count
            return Array(#"{"type":"alerts.digest","data":{"count":\#(count),"items":["#.utf8) + items
                + Array("]}}".utf8)
        }
    }
}

extension Announcement {
    fileprivate init(_ steps: [[UInt8]]) throws {
        let steps = try steps.map(NotifiedStep.init(json:))
        switch steps.count {
        case 0: self = .test
        case 1: self = .step(steps[0])
        default: self = .digest(steps)
        }
    }
}
