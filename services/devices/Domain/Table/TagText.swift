import HTTPKit

/// Tags as one text, separated by `|`. A backslash before a `|` or a backslash makes it part of a tag.
enum TagText {
    static func joined(_ tags: [String]) -> String {
        tags.map { tag in
            tag.unicodeScalars.reduce(into: "") { text, scalar in
                if scalar == "|" || scalar == "\\" { text += "\\" }
                text.unicodeScalars.append(scalar)
            }
        }.joined(separator: "|")
    }

    /// The tags of a text, without empty ones.
    static func split(_ text: String) -> [String] {
        var tags = [""]
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if !isEscaped, scalar == "\\" {
                isEscaped = true
            } else if !isEscaped, scalar == "|" {
                tags.append("")
            } else {
                // Before anything else a backslash is just that.
                if isEscaped, scalar != "|", scalar != "\\" { tags[tags.count - 1].append("\\") }
                tags[tags.count - 1].unicodeScalars.append(scalar)
                isEscaped = false
            }
        }
        if isEscaped { tags[tags.count - 1].append("\\") }
        return tags.map(\.trimmed).filter { !$0.isEmpty }
    }
}
