import Testing

@testable import AuthService

@Suite struct PropertyFilterTests {
    @Test(
        arguments: [
            ("Lab A", .string("Lab A")), ("2", .integer(2)), ("-2", .integer(-2)), ("2.5", .number(2.5)),
            ("1e3", .number(1000)), ("true", .bool(true)), ("false", .bool(false)), ("\"2\"", .string("2")),
            ("inf", .string("inf")), ("0x10", .string("0x10")), ("2-3", .string("2-3")), ("", .string("")),
            ("\"", .string("\"")), ("null", .string("null")),
        ] as [(String, AnyJSON)])
    func `a value is read as JSON where it can be`(text: String, value: AnyJSON) {
        #expect(contained([("key", text)]) == ["key": value])
    }

    @Test func `paths lead into objects`() {
        #expect(
            contained([("a.b", "1"), ("a.c", "x"), ("d", "y")])
                == ["a": .object(["b": .integer(1), "c": .string("x")]), "d": .string("y")])
        #expect(contained([("1.2.3.4.5.6.7.8", "x")]) != nil)
        #expect(contained([("a", "1"), ("a", "1")]) == ["a": .integer(1)])
    }

    @Test(
        arguments: [
            [("", "1")], [("a..b", "1")], [("1.2.3.4.5.6.7.8.9", "x")], [("a", "1"), ("a", "2")],
            [("a.b", "1"), ("a", "1")], [("a", "1"), ("a.b", "1")],
        ] as [[(Substring, String)]])
    func `what contradicts itself or leads nowhere is refused`(conditions: [(Substring, String)]) {
        #expect(contained(conditions) == nil)
    }

    /// Nil when one of the conditions is refused.
    private func contained(_ conditions: [(Substring, String)]) -> [String: AnyJSON]? {
        var filter = PropertyFilter()
        for (path, value) in conditions {
            guard filter.require(path, is: value) else { return nil }
        }
        return filter.contained
    }
}
