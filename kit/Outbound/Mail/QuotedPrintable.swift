/// The encoding of RFC 2045 §6.7: ASCII stays readable, and no line is longer than 76 characters.
enum QuotedPrintable {
    private static let lineLength = 76

    /// The lines that stand for one line of text.
    static func lines(of line: Substring) -> [String] {
        var lines: [String] = []
        var current = ""
        let bytes = Array(line.utf8)
        for (index, byte) in bytes.enumerated() {
            let unit = encoded(byte, isLast: index == bytes.count - 1)
            // One character stays free for the sign that the line goes on.
            if current.utf8.count + unit.utf8.count > lineLength - 1 {
                lines.append(current + "=")
                current = ""
            }
            current += unit
        }
        return lines + [current]
    }

    private static func encoded(_ byte: UInt8, isLast: Bool) -> String {
        let isSpace = byte == 0x20 || byte == 0x09
        guard (0x21...0x7e).contains(byte) && byte != UInt8(ascii: "=") || isSpace && !isLast else {
            let digits = String(byte, radix: 16, uppercase: true)
            return "=" + (digits.count == 1 ? "0" : "") + digits
        }
        return String(UnicodeScalar(byte))
    }
}
