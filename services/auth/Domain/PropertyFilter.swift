/// What the properties of an entity must contain, as a query says it: `properties.location=Lab A`.
///
/// Dots in the key lead into nested objects. A value that JSON would read as a number, `true`, `false` or a quoted text
/// is that; everything else is text as it stands.
struct PropertyFilter: Sendable, Hashable {
    static let prefix = "properties."
    static let maximumDepth = 8

    private(set) var contained: [String: AnyJSON] = [:]

    /// Adds a condition; false when `path` has an empty key, is too deep, or contradicts another.
    mutating func require(_ path: Substring, is value: String) -> Bool {
        let keys = path.split(separator: ".", omittingEmptySubsequences: false)
        guard keys.count <= Self.maximumDepth, !keys.contains("") else { return false }
        return Self.insert(Self.read(value), at: keys[...], into: &contained)
    }

    private static func insert(
        _ value: AnyJSON, at keys: ArraySlice<Substring>, into object: inout [String: AnyJSON]
    ) -> Bool {
        guard let first = keys.first else { return false }
        let key = String(first)
        guard keys.count > 1 else {
            guard object[key] == nil || object[key] == value else { return false }
            object[key] = value
            return true
        }
        guard case .object(var nested) = object[key] ?? .object([:]) else { return false }
        defer { object[key] = .object(nested) }
        return insert(value, at: keys.dropFirst(), into: &nested)
    }

    private static func read(_ text: String) -> AnyJSON {
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        if text.count >= 2, text.first == "\"", text.last == "\"" {
            return .string(String(text.dropFirst().dropLast()))
        }
        // Swift reads more as numbers than JSON does: `inf`, `0x1p3`, `+1`.
        let digits = text.drop { $0 == "-" }
        guard let first = digits.first, ("0"..."9").contains(first),
            digits.allSatisfy({ $0.isNumber || ".eE+-".contains($0) })
        else { return .string(text) }
        return Int(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .string(text)
    }
}
