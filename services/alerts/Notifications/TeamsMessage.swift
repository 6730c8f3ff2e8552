/// A message to the webhook of a workflow of Microsoft Teams: an Adaptive Card in an attachment.
struct TeamsMessage: Encodable {
    let type = "message"
    let attachments: [Attachment]

    struct Attachment: Encodable {
        let contentType = "application/vnd.microsoft.card.adaptive"
        let content: Card
    }

    struct Card: Encodable {
        let schema = "http://adaptivecards.io/schemas/adaptive-card.json"
        let type = "AdaptiveCard"
        let version = "1.4"
        let body: [TextBlock]
        let actions: [OpenURL]

        enum CodingKeys: String, CodingKey {
            case type, version, body, actions
            case schema = "$schema"
        }
    }

    struct TextBlock: Encodable {
        let type = "TextBlock"
        let text: String
        var wrap = true
        var size: String?
        var weight: String?
        var color: String?
        var spacing: String?
    }

    struct OpenURL: Encodable {
        let type = "Action.OpenUrl"
        let title: String
        let url: String
    }

    init(_ words: MessageWords) {
        let subject = Channel.Kind.teams.escape(words.subject)
        let title = TextBlock(
            text: subject, size: "Medium", weight: "Bolder",
            color: words.severity.map { [.high, .critical].contains($0) ? "Attention" : "Warning" })
        // A card takes no line ends within a text. The whole may have 28 KB, of which these are at most 21 in UTF-8, and 5
        // are for what is around the lines.
        let lines = words.text.shortened(to: 7_000).split(separator: "\n").prefix(60).map {
            TextBlock(text: String($0), spacing: "Small")
        }
        attachments = [
            Attachment(
                content: Card(body: [title] + lines, actions: [OpenURL(title: words.linkTitle, url: words.link)]))
        ]
    }
}
