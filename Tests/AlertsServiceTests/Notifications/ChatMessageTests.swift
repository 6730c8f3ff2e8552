import Postgres
import Testing

@testable import AlertsService

/// What Slack and Teams are told is as long as they take, whichever way they count.
@Suite struct ChatMessageTests {
    private func words(_ text: String, subject: String = "Too hot") -> MessageWords {
        MessageWords(
            subject: subject, text: text, link: "https://lab.example/alerts/a1", linkTitle: "Open the alert",
            severity: .high)
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("", 3, ""),
        // Two units of UTF-16 each.
        ("🧪🧪", 4, "🧪🧪"), ("🧪🧪🧪", 4, "🧪…"), ("a🧪🧪", 4, "a🧪…"),
        // A base with what goes above it, and several people who are one character.
        ("e\u{301}e\u{301}", 3, "e\u{301}…"), ("👩‍🔬👩‍🔬", 6, "👩‍🔬…"), ("👩‍🔬👩‍🔬", 5, "…"),
    ])
    func `a text is cut between characters`(_ text: String, _ most: Int, _ shortened: String) {
        #expect(text.shortened(to: most) == shortened)
        #expect(shortened.utf16.count <= most)
    }

    @Test(arguments: ["a", "🧪", "e\u{301}", "👩‍🔬", "&amp;", "a&amp;", "ab&lt;", "abc&gt;", "\r\n"])
    func `a message to Slack keeps within the limits of its blocks`(_ unit: String) throws {
        let long = String(repeating: unit, count: 5_000)
        let message = SlackMessage(words(long, subject: long))
        #expect(message.blocks.count == 3)
        let (title, text) = (message.blocks[0].text.text, message.blocks[1].text.text)
        #expect(title.utf16.count <= 150 && text.utf16.count <= 3_000)
        #expect(title.hasSuffix("…") && text.hasSuffix("…"))
        // Nothing is in halves: what is left, and the next, are characters of the text.
        #expect(long.hasPrefix(String(title.dropLast())) && long.hasPrefix(String(text.dropLast())))
        let escaped = text.split(separator: "&", omittingEmptySubsequences: false).dropFirst()
        #expect(escaped.allSatisfy { $0.contains(";") })
    }

    @Test func `what is short enough for Slack stays as it is`() {
        let text = String(repeating: "&amp;", count: 600)
        #expect(SlackMessage(words(text)).blocks[1].text.text == text)
    }

    @Test(arguments: ["a", "度", "🧪", "👩‍🔬", "a\n", String(repeating: "度", count: 110) + "\n"])
    func `a card for Teams has less than 28 KB`(_ unit: String) throws {
        let long = String(repeating: unit, count: 16_000)
        let subject = String(repeating: unit, count: 200).shortened(to: MessageTemplate.maximumSubject)
        let card = TeamsMessage(words(long, subject: subject))
        #expect(try JSONB(card).bytes.count < 28_000)
    }
}
