/// Text as a JSON string (RFC 8259 §7), for output that is written straight into bytes.
enum JSONText {
    static func quoted(_ text: String) -> String {
        let mustEscape = text.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
        guard mustEscape else { return "\"\(text)\"" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<" ": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A number as JSON writes it; integral values without a fraction, and null for what is no finite number.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    /// The value of a reading: a number, `true` or `false`, or text.
    static func value(_ value: Double, text: String?, kind: ValueKind) -> String {
        switch kind {
        case .number: number(value)
        case .boolean: value == 0 ? "false" : "true"
        case .text: quoted(text ?? "")
        }
    }
}

extension Double {
    /// Nil for what JSON has no number for.
    var finite: Double? { isFinite ? self : nil }
}
