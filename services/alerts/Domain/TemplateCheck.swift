import HTTPKit

/// Reads the tags of a template and refuses those that none needs here: unescaped values, partials, other delimiters,
/// and names of nothing.
struct TemplateCheck {
    private static let deepest = 10

    private var rest: Substring
    private var line = 1
    private var open: [(section: String, line: Int)] = []

    /// - Throws: ``TemplateError`` of the first tag that is wrong.
    static func run(_ template: String) throws(TemplateError) {
        var check = TemplateCheck(rest: template[...])
        while try check.nextTag() {}
        guard let (section, line) = check.open.last else { return }
        throw TemplateError(line: line, reason: "leaves the section \(section) open")
    }

    private init(rest: Substring) {
        self.rest = rest
    }

    /// - Returns: Whether there was one.
    private mutating func nextTag() throws(TemplateError) -> Bool {
        guard skip(behind: "{{") != nil else { return false }
        let start = line
        guard let tag = skip(behind: "}}") else { throw TemplateError(line: start, reason: "leaves a tag open") }
        let name = tag.dropFirst().trimmed
        switch tag.first {
        case "!": break
        case "#", "^":
            try require(name, start)
            open.append((name, start))
            guard open.count <= Self.deepest else {
                throw TemplateError(line: start, reason: "nests sections deeper than \(Self.deepest)")
            }
        case "/":
            guard let last = open.popLast(), last.section == name else {
                throw TemplateError(line: start, reason: "ends the section \(name), which is not the open one")
            }
        case "{", "&":
            throw TemplateError(line: start, reason: "must not have unescaped values; write {{name}}")
        case ">", "<", "$", "=", "%":
            throw TemplateError(line: start, reason: "may have variables, sections and comments alone")
        default:
            try require(tag.trimmed, start)
        }
        return true
    }

    private func require(_ name: String, _ line: Int) throws(TemplateError) {
        guard MessageTemplate.variables.contains(name) else {
            throw TemplateError(line: line, reason: "names \"\(name.prefix(50))\", which is no variable")
        }
    }

    /// Goes on behind the next `mark`, and returns what stood before it; nil where there is none.
    private mutating func skip(behind mark: String) -> Substring? {
        guard let range = rest.firstRange(of: mark) else { return nil }
        let text = rest[..<range.lowerBound]
        line += text.filter(\.isNewline).count
        rest = rest[range.upperBound...]
        return text
    }
}
