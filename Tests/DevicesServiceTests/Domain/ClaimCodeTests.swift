import Foundation
import Kernel
import Postgres
import Testing

@testable import DevicesService

@Suite struct ClaimCodeTests {
    @Test func `a code can be typed as people type`() throws {
        for _ in 0..<100 {
            let code = ClaimCode()
            #expect(code.text.wholeMatch(of: /[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/) != nil)
            let letters = code.text.replacing("-", with: "")
            for typed in [code.text, letters, letters.lowercased(), " \(letters.prefix(2)) \(letters.dropFirst(2)) "] {
                #expect(ClaimCode(typed) == code)
            }
        }
    }

    @Test func `letters that look like digits are digits`() throws {
        #expect(try #require(ClaimCode("oOiI-lL22")).text == "0011-1122")
    }

    @Test(arguments: ["", "1234567", "123456789", "1234-567U", "1234-567é", "1234_5678", "１２３４５６７８"])
    func `what cannot be a code is none`(text: String) {
        #expect(ClaimCode(text) == nil)
    }

    @Test func `a code is another one in another organization`() {
        let code = ClaimCode()
        let (one, other) = (UUID.v7(), UUID.v7())
        #expect(code.hash(in: one) == code.hash(in: one))
        #expect(code.hash(in: one) != code.hash(in: other))
    }

    @Test func `ten guesses are free, the next waits for the end of the period`() {
        let now = Timestamp.now
        let since = now.adding(.seconds(-100))
        #expect(ClaimGuesses(count: 10, since: since).wait(at: now) == nil)
        #expect(ClaimGuesses(count: 11, since: since).wait(at: now) == .seconds(500))
        #expect(ClaimGuesses(count: 11, since: now.adding(.seconds(-600))).wait(at: now) == .seconds(1))
    }
}
