import Mustache

/// An organization's own words for the messages of a channel, in Mustache.
///
/// Only variables, conditional sections and comments may stand in it, and only the variables of ``variables``: all of
/// them are plain values, so that no template takes long or grows large. What is rendered is text, never HTML; whoever
/// puts it into something else escapes all of it.
struct MessageTemplate: Sendable, Hashable, Codable {
    /// One line; nil for the default one.
    var subject: String?
    var body: String

    static let maximumSubject = 200
    static let maximumBody = 4_000

    /// What a template may read; one that has no value is empty, and its section is left out.
    static let variables = [
        "event", "occurrence", "is_triggered", "is_resolved", "is_repeated", "alert_id", "rule", "device", "device_id",
        "sensor",
        "severity", "status", "message", "value", "last_value", "threshold", "count", "triggered_at", "resolved_at",
        "notes", "link",
    ]

    /// The words of a template for a step, as long as messages may be.
    ///
    /// - Parameter escape: What values need where the text is put; the template's own words stay as they are.
    /// - Throws: ``TemplateError``.
    static func render(
        _ template: String, _ values: [String: TemplateValue], escape: (String) -> String = { $0 }
    ) throws(TemplateError) -> String {
        let parsed = try parse(template)
        let text = parsed.render(
            values.mapValues { value -> Any in
                switch value {
                case .text(let text): escape(text)
                case .flag(let isSet): isSet
                }
            })
        return String((text.hasSuffix("\n") ? text.dropLast() : text[...]).prefix(16_000))
    }

    /// - Throws: ``TemplateError`` for what is no template, or does what none may.
    static func parse(_ template: String) throws(TemplateError) -> MustacheTemplate {
        try TemplateCheck.run(template)
        do {
            // On the first line, so that an error tells the line of the template itself; and with an end, since the
            // parser wants something behind a brace.
            return try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}" + template + "\n")
        } catch let error as MustacheTemplate.ParserError {
            throw TemplateError(line: error.context.lineNumber, reason: "is not a template: \(error.error)")
        } catch {
            throw TemplateError(line: 1, reason: "is not a template: \(error)")
        }
    }
}

/// What a template reads under a name.
enum TemplateValue: Sendable, Hashable {
    case text(String)
    case flag(Bool)
}

/// Why something is no template.
struct TemplateError: Error, Hashable {
    /// Counted from 1.
    let line: Int
    /// In words that follow the field's name.
    let reason: String
}
