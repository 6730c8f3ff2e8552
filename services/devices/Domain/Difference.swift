import Foundation
import Kernel

/// What changed between two states of one thing: `{"before": {…}, "after": {…}}` with the members that differ.
struct Difference: Encodable {
    let before: [String: AnyJSON]
    let after: [String: AnyJSON]

    /// Both must encode as objects with the same members.
    ///
    /// - Throws: `EncodingError`, `DecodingError`.
    init<Value: Encodable>(_ before: Value, _ after: Value) throws {
        let (old, new) = (try Self.members(of: before), try Self.members(of: after))
        self.before = old.filter { new[$0.key] != $0.value }
        self.after = new.filter { old[$0.key] != $0.value }
    }

    private static func members(of value: some Encodable) throws -> [String: AnyJSON] {
        try JSONDecoder().decode([String: AnyJSON].self, from: JSONEncoder().encode(value))
    }
}
