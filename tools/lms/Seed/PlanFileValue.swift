import Yams

/// A value of a file of plans: what is wrong with it is told with its line and where it stands.
struct PlanFileValue {
    let node: Node
    /// Such as `plans[0].limits.devices`; empty for the whole.
    let path: String

    func error(_ message: String) -> PlanFileError {
        PlanFileError(line: node.mark?.line, message: path.isEmpty ? message : "\(path) \(message)")
    }

    /// The members of a mapping that has exactly these, in the order of `names`.
    func members(of names: [String]) throws(PlanFileError) -> [PlanFileValue] {
        guard let mapping = node.mapping else {
            throw error("must be a mapping with \(names.joined(separator: ", "))")
        }
        for key in mapping.keys where !names.contains(key.string ?? "") {
            let stray = PlanFileValue(node: key, path: path)
            throw stray.error("has '\(key.string ?? "")', which is none of \(names.joined(separator: ", "))")
        }
        var members: [PlanFileValue] = []
        for name in names {
            guard let member = mapping[name] else { throw error("has no '\(name)'") }
            members.append(PlanFileValue(node: member, path: path.isEmpty ? name : "\(path).\(name)"))
        }
        return members
    }

    /// The elements of a list.
    func elements(atMost most: Int) throws(PlanFileError) -> [PlanFileValue] {
        guard let sequence = node.sequence else { throw error("must be a list") }
        guard sequence.count <= most else { throw error("must have at most \(most) elements") }
        return sequence.enumerated().map { PlanFileValue(node: $1, path: "\(path)[\($0)]") }
    }

    /// A text of so many characters.
    func text(of length: ClosedRange<Int>) throws(PlanFileError) -> String {
        guard let text = node.scalar?.string, node.null == nil else { throw error("must be a text") }
        // What a person would take for one may be of many scalars; the table and the API count those.
        guard length.contains(text.unicodeScalars.count), !text.unicodeScalars.contains("\0") else {
            throw error("must have \(length.lowerBound) to \(length.upperBound) characters")
        }
        return text
    }

    func number(in range: ClosedRange<Int>) throws(PlanFileError) -> Int {
        guard let number = node.scalar.flatMap({ Int($0.string) }), range.contains(number) else {
            throw error("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number from 1 on, or nil for null, which is without limit.
    func limit(upTo highest: Int) throws(PlanFileError) -> Int? {
        if node.null != nil { return nil }
        guard let number = node.scalar.flatMap({ Int($0.string) }), (1...highest).contains(number) else {
            throw error("must be a whole number from 1 to \(highest), or null for none")
        }
        return number
    }
}

/// What is wrong with a file of plans, and where.
struct PlanFileError: Error, Hashable, CustomStringConvertible {
    /// Counted from 1; nil where the whole file is meant.
    let line: Int?
    let message: String

    var description: String { line.map { "line \($0): \(message)" } ?? message }
}
