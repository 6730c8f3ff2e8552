import Mustache

extension MessageWords {
    /// A letter's plain text.
    var letterText: String { "\(text)\n\(linkTitle): \(link)\n" }

    /// The same as a page. All of it is escaped, as its template is HTML and has no unescaped value.
    var letterPage: String {
        Self.page.render(
            [
                "subject": subject,
                "lines": text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init),
                "link": link, "linkTitle": linkTitle, "colour": severity?.colour ?? "#475569",
            ] as [String: Any])
    }

    private static let page: MustacheTemplate = {
        let text = """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>{{subject}}</title></head>
            <body style="font-family: sans-serif; color: #1e293b">
            <h1 style="font-size: 1.1rem; border-left: 4px solid {{colour}}; padding-left: 0.6rem">{{subject}}</h1>
            <p>{{#lines}}{{.}}<br>
            {{/lines}}</p>
            <p><a href="{{link}}">{{linkTitle}}</a></p>
            </body>
            </html>

            """
        guard let template = try? MustacheTemplate(string: text) else { preconditionFailure("the page is no template") }
        return template
    }()
}

extension Severity {
    /// As screens show it.
    fileprivate var colour: String {
        switch self {
        case .low: "#0284c7"
        case .medium: "#ca8a04"
        case .high: "#ea580c"
        case .critical: "#dc2626"
        }
    }
}
