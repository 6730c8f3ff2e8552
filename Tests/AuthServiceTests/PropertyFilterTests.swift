import Kernel
import Testing

@testable import AuthService

@Suite struct PropertyFilterTests {
    @Test(
        arguments: [
            ("2", .integer(2)), ("-2", .integer(-2)), ("0", .integer(0)), ("2.5", .number(2.5)), ("1e3", .number(1000)),
            ("1E+3", .number(1000)), ("true", .bool(true)), ("false", .bool(false)),
        ] as [(String, AnyJSON)])
    func `what JSON would read as something is that, or a text`(text: String, value: AnyJSON) {
        #expect(alternatives([("key", text)]) == [["key": value], ["key": .string(text)]])
    }

    @Test(
        arguments: [
            ("Lab A", "Lab A"), ("\"2\"", "2"), ("inf", "inf"), ("0x10", "0x10"), ("2-3", "2-3"), ("", ""),
            ("\"", "\""), ("null", "null"), ("007", "007"), ("-01", "-01"), ("+1", "+1"), ("1.", "1."), (".5", ".5"),
            ("1e", "1e"), ("٣", "٣"), ("1e999", "1e999"),
        ])
    func `everything else is text`(text: String, value: String) {
        #expect(alternatives([("key", text)]) == [["key": .string(value)]])
    }

    @Test func `paths lead into objects`() {
        #expect(
            alternatives([("a.b", "1"), ("a.c", "x"), ("d", "y")])
                == [.integer(1), .string("1")].map { one in
                    ["a": .object(["b": one, "c": .string("x")]), "d": .string("y")]
                })
        #expect(alternatives([("1.2.3.4.5.6.7.8", "x")]) != nil)
        #expect(alternatives([("a", "1"), ("a", "1")])?.count == 2)
    }

    @Test func `several values are read in all ways, up to a bound`() {
        #expect(Set(alternatives([("a", "1"), ("b", "true")]) ?? []).count == 4)
        let numbers = (1...4).map { (Substring("k\($0)"), "\($0)") }
        #expect(alternatives(numbers)?.count == PropertyFilter.maximumAlternatives)
        #expect(alternatives(numbers + [("k5", "5")]) == nil)
        #expect(alternatives(numbers + [("k5", "\"5\"")])?.count == PropertyFilter.maximumAlternatives)
    }

    @Test(
        arguments: [
            [("", "1")], [("a..b", "1")], [("1.2.3.4.5.6.7.8.9", "x")], [("a", "1"), ("a", "2")],
            [("a.b", "1"), ("a", "1")], [("a", "1"), ("a.b", "1")],
        ] as [[(Substring, String)]])
    func `what contradicts itself or leads nowhere is refused`(conditions: [(Substring, String)]) {
        #expect(alternatives(conditions) == nil)
    }

    /// Nil when one of the conditions is refused.
    private func alternatives(_ conditions: [(Substring, String)]) -> [[String: AnyJSON]]? {
        var filter = PropertyFilter()
        for (path, value) in conditions {
            guard filter.require(path, is: value) else { return nil }
        }
        return filter.alternatives
    }
}
