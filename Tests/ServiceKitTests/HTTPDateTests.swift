import ServiceKit
import Testing

@Suite struct HTTPDateTests {
    @Test(arguments: [784_111_777, 0, 1_709_164_800, 4_102_444_799])
    func `a second is read back from its text`(_ second: Int) {
        #expect(HTTPDate.second(of: HTTPDate.text(second)) == second)
    }

    @Test func `the text is the standard's`() {
        #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT", "Wed, 30 Feb 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "120",
    ])
    func `another form is none`(_ text: String) {
        #expect(HTTPDate.second(of: text) == nil)
    }
}
