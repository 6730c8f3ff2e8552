import FoundationEssentials

/// Text as it stands in the header of a message.
enum HeaderText {
    /// Bytes of text in one encoded word, which then fits into a line behind the field's name (RFC 2047 §2).
    private static let wordLength = 42

    /// Unstructured text. What is not plain ASCII, line ends too, becomes encoded words.
    static func encoded(_ text: String) -> String {
        text.utf8.allSatisfy { (0x20..<0x7f).contains($0) } && text.utf8.count <= 64 ? text : encodedWords(text)
    }

    /// A name before an address: quoted, or encoded words (RFC 5322 §3.2.5).
    static func phrase(_ text: String) -> String {
        let isQuotable = text.utf8.allSatisfy { (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") && $0 != 0x5c }
        return isQuotable && text.utf8.count <= 64 ? "\"\(text)\"" : encodedWords(text)
    }

    /// The date and time of RFC 5322 §3.3, in UTC.
    static func date(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.weekday, .day, .month, .year, .hour, .minute, .second], from: date)
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][(parts.weekday ?? 1) - 1]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = [parts.hour, parts.minute, parts.second].map { twoDigits($0 ?? 0) }.joined(separator: ":")
        return "\(weekday), \(parts.day ?? 1) \(months[(parts.month ?? 1) - 1]) \(parts.year ?? 1970) \(time) +0000"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func encodedWords(_ text: String) -> String {
        var words: [String] = []
        var word = ""
        // No character is divided between two words (RFC 2047 §5).
        for character in text {
            if word.utf8.count + character.utf8.count > wordLength, !word.isEmpty {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        return (words + [word]).map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }
}
