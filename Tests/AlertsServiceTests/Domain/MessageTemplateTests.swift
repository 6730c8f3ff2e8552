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
        ("{{#device}}\n", 2), ("{{/device}}", 1), ("{{#device}}{{/severity}}", 1),
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
