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
        text = Channel.Kind.slack.escape(words.subject)
        blocks = [
            // At most 150 characters in a header and 3,000 in a section.
            Block(type: "header", text: Text(type: "plain_text", text: words.subject.firstScalars(150))),
            Block(type: "section", text: Text(type: "mrkdwn", text: words.text.firstScalars(3_000))),
            Block(type: "section", text: Text(type: "mrkdwn", text: "<\(words.link)|\(words.linkTitle)>")),
        ]
    }
}
