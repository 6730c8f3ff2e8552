import FoundationEssentials
import Kernel

/// What is to be told.
enum Announcement: Sendable {
    /// Somebody tries a channel out.
    case test
    case step(NotifiedStep)
    /// Many steps in one message, in their order.
    case digest([NotifiedStep])
}

/// A message in words.
struct MessageWords: Sendable, Hashable {
    /// One line.
    let subject: String
    /// In lines that end with `\n`, without markup but what the template of the channel has.
    let text: String
    /// Where to read more.
    let link: String
    let linkTitle: String
    /// Of the worst that is told of; nil for a test.
    let severity: Severity?
}

/// Puts what is told into words, in those of the channel's template where it has one.
struct MessageWriter: Sendable {
    /// So many steps of a digest are listed; the others are counted.
    static let mostListed = 20

    /// Of the gateway, without a slash at its end.
    let publicURL: String

    /// - Throws: ``TemplateError``.
    func words(
        for announcement: Announcement, _ template: MessageTemplate? = nil, kind: Channel.Kind
    ) throws(TemplateError) -> MessageWords {
        switch announcement {
        case .test:
            MessageWords(
                subject: "Test of a notification channel", text: "This is a test of the channel.\n",
                link: "\(publicURL)/alerts", linkTitle: "Open the alerts", severity: nil)
        case .step(let step):
            try words(for: step, template, kind)
        case .digest(let steps):
            digest(steps, kind)
        }
    }

    private func words(
        for step: NotifiedStep, _ template: MessageTemplate?, _ kind: Channel.Kind
    ) throws(TemplateError) -> MessageWords {
        let link = "\(publicURL)/alerts/\(step.data.id)"
        let values = step.values(link: link)
        let defaults = MessageTemplate.standard
        // A subject is plain text everywhere.
        let subject = try Self.render(template?.subject, or: defaults.subject ?? "") { text throws(TemplateError) in
            try MessageTemplate.render(text, values)
        }
        let text = try Self.render(template?.body, or: defaults.body) { text throws(TemplateError) in
            try MessageTemplate.render(text, values, escape: kind.escape)
        }
        return MessageWords(
            subject: subject.asOneLine, text: text, link: link, linkTitle: "Open the alert",
            severity: step.data.severity.flatMap(Severity.init))
    }

    /// What a template comes to, or the standard one where that is nothing: receivers refuse a message without words.
    private static func render(
        _ template: String?, or standard: String, _ render: (String) throws(TemplateError) -> String
    ) throws(TemplateError) -> String {
        if let template {
            let text = try render(template)
            if !text.allSatisfy(\.isWhitespace) { return text }
        }
        return try render(standard)
    }

    private func digest(_ steps: [NotifiedStep], _ kind: Channel.Kind) -> MessageWords {
        var rules: [String] = []
        for step in steps {
            if let name = step.data.ruleName, !rules.contains(name) { rules.append(name) }
        }
        let named = rules.prefix(3).joined(separator: ", ") + (rules.count > 3 ? ", …" : "")
        let lines = steps.prefix(Self.mostListed).map { "• " + kind.escape($0.line.asOneLine) }
        let more = steps.count - lines.count
        return MessageWords(
            subject: "\(steps.count) alerts: \(named)".asOneLine,
            text: (lines + (more > 0 ? ["and \(more) more"] : [])).map { $0 + "\n" }.joined(),
            link: "\(publicURL)/alerts", linkTitle: "Open the alerts",
            severity: Severity.allCases.last { severity in steps.contains { $0.data.severity == severity.rawValue } })
    }
}

extension MessageTemplate {
    /// What is said where a channel has no words of its own.
    static let standard = MessageTemplate(
        subject: """
            {{^is_triggered}}{{occurrence}}: {{/is_triggered}}[{{severity}}] {{rule}}{{#device}}: {{device}}{{/device}}
            """,
        body: """
            {{^is_triggered}}{{occurrence}}.
            {{/is_triggered}}
            {{#message}}{{message}}
            {{/message}}

            Rule: {{rule}}
            {{#device}}Device: {{device}}
            {{/device}}
            {{#sensor}}Sensor: {{sensor}}
            {{/sensor}}
            Severity: {{severity}}
            Since: {{triggered_at}}
            {{#resolved_at}}Until: {{resolved_at}}
            {{/resolved_at}}
            {{#notes}}Notes: {{notes}}
            {{/notes}}

            """)
}

extension NotifiedStep {
    /// What templates read.
    func values(link: String) -> [String: TemplateValue] {
        var values: [String: TemplateValue] = [
            "is_triggered": .flag(type == AlertEvent.triggered.type),
            "is_resolved": .flag(type == AlertEvent.resolved.type), "is_repeated": .flag(type == Self.repeated),
        ]
        let texts: [String: String?] = [
            "event": type, "occurrence": occurrence, "alert_id": data.id, "rule": data.ruleName,
            "device": data.deviceName ?? data.deviceID,
            "device_id": data.deviceID, "sensor": data.sensorType, "severity": data.severity, "status": data.status,
            "message": data.message, "value": data.value?.shortest, "last_value": data.lastValue?.shortest,
            "threshold": data.thresholdValue?.shortest, "count": data.count.map { "\($0)" },
            "triggered_at": data.triggeredAt, "resolved_at": data.resolvedAt, "notes": data.notes, "link": link,
        ]
        for case (let name, let text?) in texts where !text.isEmpty { values[name] = .text(text) }
        return values
    }

}

extension Channel.Kind {
    /// What a value needs so that it is read as text and nothing else.
    func escape(_ text: String) -> String {
        switch self {
        // The whole text of a letter is escaped where it is put into HTML.
        case .email, .webhook: text
        // https://docs.slack.dev/messaging/formatting-message-text#escaping
        case .slack: text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        // The text of a card may have links as Markdown has them.
        case .teams: text.replacing("](", with: "] (")
        }
    }
}

extension String {
    /// On one line, as long as a subject may be.
    fileprivate var asOneLine: String {
        let line = split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.shortened(to: MessageTemplate.maximumSubject)
    }
}
