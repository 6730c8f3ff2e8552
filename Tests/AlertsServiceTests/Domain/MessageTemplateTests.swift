import Testing

@testable import AlertsService

@Suite struct MessageTemplateTests {
    private let values: [String: TemplateValue] = [
        "device": .text("<b>Freezer</b> & door"), "severity": .text("high"), "is_resolved": .flag(false),
        "is_triggered": .flag(true),
    ]

    @Test(arguments: [
        ("{{severity}}: {{ device }}", "high: <b>Freezer</b> & door"),
        ("{{#is_resolved}}over{{/is_resolved}}{{^is_resolved}}on{{/is_resolved}}", "on"),
        ("{{#notes}}Notes: {{notes}}{{/notes}}.", "."),
        ("{{! nothing }}a", "a"),
        ("{{#device}}{{severity}}{{/device}}", "high"),
        ("no tag } } {", "no tag } } {"),
    ])
    func `variables, conditions and comments are rendered as text`(_ template: String, _ text: String) throws {
        #expect(try MessageTemplate.render(template, values) == text)
    }

    @Test(arguments: [
        ("{{{device}}}", 1), ("a\n{{&device}}", 2), ("a\n\n{{> layout}}", 3), ("{{=<% %>=}}", 1),
        ("{{% CONTENT_TYPE:HTML}}", 1), ("{{<layout}}{{/layout}}", 1), ("{{$block}}{{/block}}", 1),
        ("{{device", 1), ("a\n{{unknown}}", 2), ("{{uppercased(device)}}", 1), ("{{.}}", 1), ("{{}}", 1),
        ("a\n{{#device}}\n\n", 2), ("{{/device}}", 1), ("{{#device}}{{/severity}}", 1),
        (String(repeating: "{{#device}}", count: 11), 1),
    ])
    func `what none needs is refused, with its line`(_ template: String, _ line: Int) {
        let error = #expect(throws: TemplateError.self) { try MessageTemplate.parse(template) }
        #expect(error?.line == line)
    }

    @Test func `values are escaped for where they go, and the template's own words are not`() throws {
        let text = try MessageTemplate.render("<!here> {{device}}", values, escape: Channel.Kind.slack.escape)
        #expect(text == "<!here> &lt;b&gt;Freezer&lt;/b&gt; &amp; door")
        #expect(Channel.Kind.teams.escape("[x](https://evil.example)") == "[x] (https://evil.example)")
    }

    @Test func `what is rendered is bounded`() throws {
        let long = String(repeating: "a", count: 2_000)
        let template = String(repeating: "{{message}}", count: 300)
        #expect(try MessageTemplate.render(template, ["message": .text(long)]).count == 16_000)
    }
}

@Suite struct MessageWriterTests {
    private let writer = MessageWriter(publicURL: "https://lab.example")

    private func step(_ type: String, rule: String = "Too hot", message: String = "31 is above 30") throws
        -> NotifiedStep
    {
        try NotifiedStep(
            json: Array(
                """
                {"type": "\(type)", "data": {"id": "a1", "rule_name": "\(rule)", "device_name": "Freezer", \
                "severity": "high", "message": "\(message)"}}
                """.utf8))
    }

    @Test(arguments: [
        ("alert.triggered", "[high] Too hot: Freezer"), ("alert.resolved", "Resolved: [high] Too hot: Freezer"),
        ("alert.repeated", "Still open: [high] Too hot: Freezer"),
        ("alert.severity_raised", "Severity raised: [high] Too hot: Freezer"),
    ])
    func `a subject says what happened`(_ type: String, _ subject: String) throws {
        let words = try writer.words(for: .step(try step(type)), kind: .email)
        #expect(words.subject == subject)
        #expect(words.text.contains("31 is above 30\n"))
        #expect(words.link == "https://lab.example/alerts/a1")
    }

    @Test func `what is known of an alert may be little`() throws {
        let step = try NotifiedStep(json: Array(#"{"type": "alert.triggered", "data": {"id": "a1"}}"#.utf8))
        #expect(try !writer.words(for: .step(step), kind: .slack).subject.isEmpty)
    }

    @Test func `a subject is one line, however a rule is called`() throws {
        let step = try step("alert.triggered", rule: #"a\nBcc: b"#)
        #expect(try writer.words(for: .step(step), kind: .email).subject == "[high] a Bcc: b: Freezer")
    }

    @Test func `of many the number is told, and the first 20`() throws {
        let steps = try (1...25).map { try step("alert.triggered", rule: "Rule \($0 % 4)", message: "no. \($0)") }
        let words = try writer.words(for: .digest(steps), kind: .email)
        #expect(words.subject == "25 alerts: Rule 1, Rule 2, Rule 3, …")
        #expect(words.text.split(separator: "\n").count == 21)
        #expect(words.text.contains("no. 20\n"))
        #expect(words.text.hasSuffix("and 5 more\n"))
    }
}
