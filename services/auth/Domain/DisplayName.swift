import HTTPKit

/// What a person or an organization is called: trimmed, not empty, on one line.
struct DisplayName: Sendable, Hashable {
    static let maximumLength = 200
    /// What is asked of a name, in words that follow the field's.
    static let rule = "must have from 1 to \(maximumLength) characters, on one line"

    let text: String

    /// Nil when `text` is empty, longer than ``maximumLength`` characters, or has control characters.
    init?(_ text: String) {
        let text = text.trimmed
        guard !text.isEmpty, text.count <= Self.maximumLength, text.utf8.count <= Self.maximumLength * 8,
            !text.unicodeScalars.contains(where: \.isControl)
        else { return nil }
        self.text = text
    }
}

extension Unicode.Scalar {
    /// A control, line or paragraph separator, or a character that turns the direction of the text around it.
    var isControl: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: properties.isBidiControl
        default: false
        }
    }
}
