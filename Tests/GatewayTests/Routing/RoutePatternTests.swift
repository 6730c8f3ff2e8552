import Testing

@testable import Gateway

@Suite("Route patterns")
struct RoutePatternTests {
    @Test("A pattern is read segment by segment")
    func segments() throws {
        let pattern = try RoutePattern("/api/{id}/{token:lms_dev_*}/x/*")
        #expect(pattern.segments == [.literal("api"), .any, .prefixed("lms_dev_"), .literal("x")])
        #expect(pattern.isOpen)
        #expect(pattern.secrets == 0b100)
        #expect(try RoutePattern("/").segments.isEmpty)
    }

    @Test(
        "A pattern that means nothing is refused",
        arguments: [
            "", "a", "/a//b", "/a/", "/a*", "/*/a", "/{a", "/{a:}", "/{a:b}", "/a{b}", "/{a:*}",
        ])
    func malformed(text: String) {
        #expect(throws: RoutePatternError.self) { try RoutePattern(text) }
    }
}
