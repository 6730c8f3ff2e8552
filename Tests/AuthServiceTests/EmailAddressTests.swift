import Foundation
import TestKit
import Testing

@testable import AuthService

@Suite struct EmailAddressTests {
    private static let label = String(repeating: "a", count: 63)

    /// An address of so many bytes, with a domain of labels that are no longer than they may be.
    private static func address(of length: Int) -> String {
        let domain = "\(label).\(label).\(label)."
        return "a@" + domain + String(repeating: "b", count: length - domain.utf8.count - 2)
    }

    private static func umlauts(_ count: Int) -> String { String(repeating: "ü", count: count) }

    @Test(arguments: [
        (" Ada.Lovelace+lab@Example.ORG ", "ada.lovelace+lab@example.org"), ("demo@lms.local", "demo@lms.local"),
        ("a@ab--c.example", "a@ab--c.example"), ("a@10.example", "a@10.example"),
        // A letter and its accent, apart and in one.
        ("O\u{308}.J\u{30C}@example.org", "ö.\u{1F0}@example.org"), ("Ö.ǰ@example.org", "ö.\u{1F0}@example.org"),
        ("ΑΔΑ@example.org", "αδα@example.org"), ("I@example.org", "i@example.org"),
    ])
    func `an address is trimmed, in lower case and composed`(given: String, expected: String) {
        // Strings that are composed in different ways are equal.
        #expect(EmailAddress(given).map { Array($0.text.utf8) } == Array(expected.utf8))
    }

    @Test(arguments: [
        ("münchen.example", "xn--mnchen-3ya.example"), ("MÜNCHEN.Example", "xn--mnchen-3ya.example"),
        ("mu\u{308}nchen.example", "xn--mnchen-3ya.example"), ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"), ("lab.пример.example", "lab.xn--e1afmkfd.example"),
        ("ｅｘａｍｐｌｅ。org", "example.org"), ("xn--mnchen-3ya.xn--tda", "xn--mnchen-3ya.xn--tda"),
    ])
    func `an internationalized domain has one spelling`(given: String, expected: String) {
        #expect(EmailAddress("a@" + given)?.text == "a@" + expected)
        #expect(EmailAddress("a@" + expected)?.text == "a@" + expected)
    }

    @Test(arguments: [
        "", "ada", "ada@", "@example.org", "ada@localhost", "a@b@example.org", "ada lovelace@example.org",
        ".ada@example.org", "ada.@example.org", "a..b@example.org", "ada@exa mple.org", "ada\u{0}@example.org",
        "ada\n@example.org", "ada@example.org\u{0}", "<ada@example.org>", "ada\u{202E}@example.org",
        // No labels.
        "ada@example..org", "ada@.example.org", "ada@example.org.", "ada@-example.org", "ada@example-.org",
        "ada@exam_ple.org", "ada@münchen..example", "ada@-münchen.example", "ada@münchen_.example", "ada@münchen",
        // No A-labels.
        "ada@xn--a.example", "ada@xn--zzzzzz-.example", "ada@xn--.example", "ada@xn--mnchen-3ya-.example",
        "ada@xn--ü.example",
        // More than a domain.
        "ada@münchen.example:25", "ada@münchen.example/x", "ada@münchen%2Eexample", "ada@[münchen.example]",
    ])
    func `what is no address is refused`(text: String) {
        #expect(EmailAddress(text) == nil)
    }

    private static let lengths: [(text: String, isTaken: Bool)] = [
        ("\(label)a@example.org", true),
        ("\(label)aa@example.org", false),
        ("\(umlauts(32))@example.org", true),
        ("\(umlauts(32))a@example.org", false),
        ("a@\(label).org", true), ("a@\(label)a.org", false),
        // 57 of these letters are 63 bytes as an A-label.
        ("a@\(umlauts(57)).org", true),
        ("a@\(umlauts(58)).org", false),
        (address(of: 254), true), (address(of: 255), false),
    ]

    @Test(arguments: lengths)
    func `parts and whole are as long as mail servers take them`(text: String, isTaken: Bool) {
        #expect((EmailAddress(text) != nil) == isTaken, "\(text.utf8.count) bytes")
    }

    @Test func `an address is one account, however it is spelled`() async throws {
        let server = try await AuthServer.shared()
        let name = UUID().uuidString.lowercased()
        func register(_ domain: String) async throws -> TestHTTPResponse {
            try await server.client().post(
                "/api/v1/auth/register",
                [
                    "email": .string("\(name)@\(domain)"), "password": .string(Newcomer.password), "name": "Ada",
                ])
        }
        func logIn(_ domain: String, password: String = Newcomer.password) async throws -> Int {
            try await server.client().post(
                "/api/v1/auth/login", ["email": .string("\(name)@\(domain)"), "password": .string(password)]
            ).status
        }
        let spellings = ["münchen.example", "xn--mnchen-3ya.example", "MU\u{308}NCHEN.example"]
        let registered = try await register(spellings[0])
        #expect(registered.status == 201)
        #expect(registered.json["user"]["email"] == .string("\(name)@xn--mnchen-3ya.example"))
        for spelling in spellings {
            #expect(try await register(spelling).status == 409)
            #expect(try await logIn(spelling) == 200)
        }
        // Nor does a spelling give more guesses.
        for attempt in 0..<5 { #expect(try await logIn(spellings[attempt % 3], password: "wrong horse") == 401) }
        for spelling in spellings { #expect(try await logIn(spelling) == 429) }
    }
}
