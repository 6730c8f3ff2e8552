import Foundation

/// What changed between two states of one thing: `{"before": {…}, "after": {…}}` with the members that differ.
struct Difference: Encodable {
    let before: [String: JSONValue]
    let after: [String: JSONValue]

    /// Both must encode as objects with the same members.
    ///
    /// - Throws: `EncodingError`, `DecodingError`.
    init<Value: Encodable>(_ before: Value, _ after: Value) throws {
        let (old, new) = (try Self.members(of: before), try Self.members(of: after))
        self.before = old.filter { new[$0.key] != $0.value }
        self.after = new.filter { old[$0.key] != $0.value }
    }

    private static func members(of value: some Encodable) throws -> [String: JSONValue] {
        try JSONDecoder().decode([String: JSONValue].self, from: JSONEncoder().encode(value))
    }
}
