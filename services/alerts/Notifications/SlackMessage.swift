/// A message to an incoming webhook of Slack, and of what takes the same: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
struct SlackMessage: Encodable {
    /// What is shown where blocks are not: in notifications.
    let text: String
    let blocks: [Block]

    struct Block: Encodable {
        let type: String
        let text: Text
    }

    struct Text: Encodable {
        /// `plain_text` or `mrkdwn`.
        let type: String
        let text: String
    }

    init(_ words: MessageWords) {
        let title = words.subject.shortened(to: 150)
        text = Channel.Kind.slack.escape(title)
        blocks = [
            // At most 150 characters in a header and 3,000 in a section.
            Block(type: "header", text: Text(type: "plain_text", text: title)),
            Block(type: "section", text: Text(type: "mrkdwn", text: words.text.shortenedMarkup(to: 3_000))),
            Block(type: "section", text: Text(type: "mrkdwn", text: "<\(words.link)|\(words.linkTitle)>")),
        ]
    }
}

extension String {
    /// ``shortened(to:)`` of text with escaped characters, of which none is cut in halves either.
    fileprivate func shortenedMarkup(to most: Int) -> String {
        let text = shortened(to: most)
        guard text != self, let start = text.lastIndex(of: "&"), !text[start...].contains(";"),
            text[start...].count <= "&amp…".count
        else { return text }
        return text[..<start] + "…"
    }
}
