import Kernel

/// What the properties of an entity must contain, as a query says it: `properties.location=Lab A`.
///
/// Dots in the key lead into nested objects. A quoted value is a text. What JSON would read as a number, `true` or `false`
/// is that or the same as a text, since a query does not tell which; everything else is text as it stands.
struct PropertyFilter: Sendable, Hashable {
    static let prefix = "properties."
    static let maximumDepth = 8
    /// Each value that can be read in two ways doubles them.
    static let maximumAlternatives = 16

    /// What the properties may contain: one of these.
    private(set) var alternatives: [[String: AnyJSON]] = [[:]]
    private var values: [Substring: String] = [:]

    var isEmpty: Bool { values.isEmpty }

    /// Adds a condition; false when `path` has an empty key, is too deep, or contradicts another, and when there would be
    /// too many alternatives.
    mutating func require(_ path: Substring, is value: String) -> Bool {
        if let known = values[path] { return known == value }
        let keys = path.split(separator: ".", omittingEmptySubsequences: false)
        let readings = Self.readings(of: value)
        guard keys.count <= Self.maximumDepth, !keys.contains(""),
            alternatives.count * readings.count <= Self.maximumAlternatives
        else { return false }
        var expanded: [[String: AnyJSON]] = []
        for var object in alternatives.flatMap({ Array(repeating: $0, count: readings.count) }) {
            let reading = readings[expanded.count % readings.count]
            guard Self.insert(reading, at: keys[...], into: &object) else { return false }
            expanded.append(object)
        }
        alternatives = expanded
        values[path] = value
        return true
    }

    private static func insert(
        _ value: AnyJSON, at keys: ArraySlice<Substring>, into object: inout [String: AnyJSON]
    ) -> Bool {
        guard let first = keys.first else { return false }
        let key = String(first)
        guard keys.count > 1 else {
            guard object[key] == nil else { return false }
            object[key] = value
            return true
        }
        guard case .object(var nested) = object[key] ?? .object([:]) else { return false }
        defer { object[key] = .object(nested) }
        return insert(value, at: keys.dropFirst(), into: &nested)
    }

    private static func readings(of text: String) -> [AnyJSON] {
        switch text {
        case "true": return [.bool(true), .string(text)]
        case "false": return [.bool(false), .string(text)]
        default: break
        }
        if text.count >= 2, text.first == "\"", text.last == "\"" {
            return [.string(String(text.dropFirst().dropLast()))]
        }
        return number(text).map { [$0, .string(text)] } ?? [.string(text)]
    }

    /// A number as JSON writes it (RFC 8259 section 6): Swift reads more, such as `007`, `inf`, `0x1p3` and `+1`.
    private static func number(_ text: String) -> AnyJSON? {
        guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil else { return nil }
        return Int(text).map { .integer($0) } ?? Double(text).flatMap { $0.isFinite ? .number($0) : nil }
    }
}
