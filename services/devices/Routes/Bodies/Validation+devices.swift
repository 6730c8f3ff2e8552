import HTTPKit
import Kernel

extension Validation {
    /// A name for programs: up to 64 ASCII letters, digits, `_`, `-` and `.`.
    mutating func token(_ text: String, _ field: String) {
        length(of: text, 1...64, field)
        require(
            text.utf8.allSatisfy(\.isTokenCharacter), field, "must be of ASCII letters, digits, '_', '-' and '.'")
    }

    /// A list of short texts.
    mutating func texts(_ texts: [String], _ number: ClosedRange<Int>, _ field: String) {
        count(of: texts, number, field)
        for (index, text) in texts.enumerated() { length(of: text, 1...64, "\(field)[\(index)]") }
    }

    /// JSON of any shape, within what a row should hold.
    mutating func json(_ value: AnyJSON?, _ field: String) {
        guard let value else { return }
        require(!value.containsNUL, field, "must not contain the character U+0000")
        require(value.size <= 65_536, field, "must be at most 64 KiB")
    }
}

extension UInt8 {
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
