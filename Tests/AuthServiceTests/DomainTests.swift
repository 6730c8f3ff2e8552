import Postgres
import Testing

@testable import AuthService

@Suite struct DomainTests {
    @Test(arguments: [
        ("10.1.2.3", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"), ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80:0:0:0::/64"), ("::1", "0:0:0:0::/64"), ("unknown", "unknown"),
    ])
    func `a site of IPv6 counts as one`(address: String, network: String) {
        #expect(ClientDescription(userAgent: nil, address: address).network == network)
    }

    @Test func `a name is trimmed and on one line`() {
        #expect(DisplayName("  Ada Lovelace\t")?.text == "Ada Lovelace")
        #expect(DisplayName("研究室")?.text == "研究室")
        #expect(DisplayName(String(repeating: "x", count: 200)) != nil)
        for text in ["", "   ", "a\nb", "a\u{0}b", "a\u{202E}b", String(repeating: "x", count: 201)] {
            #expect(DisplayName(text) == nil, "\(text)")
        }
    }

    @Test func `a name has 1600 bytes at most, since one character may have any number of them`() {
        let name = String(repeating: "👩🏽", count: 199)
        let accents = String(repeating: "\u{301}", count: 3)
        for (last, byteCount, isAccepted) in [
            ("a" + accents, 1599, true), ("👩🏽", 1600, true), ("a\u{301}" + accents, 1601, false),
        ] {
            let text = name + last
            #expect(text.count == 200 && text.utf8.count == byteCount)
            #expect((DisplayName(text) != nil) == isAccepted, "\(byteCount)")
        }
    }

    @Test func `a password has 8 to 72 bytes and is not a common one`() {
        #expect(PasswordPolicy.objection(to: "zebra-42") == nil)
        #expect(PasswordPolicy.objection(to: String(repeating: "ä", count: 36)) == nil)
        for password in [
            "", "zebra-4", String(repeating: "ä", count: 36) + "x", "password1", "PassWord123", "qwertyuiop",
            "zebra\u{0}zebra",
        ] {
            #expect(PasswordPolicy.objection(to: password) != nil, "\(password)")
        }
    }

    @Test(
        arguments: [
            (nil, "/dashboard"),
            ("/devices?page=2", "/devices?page=2"),
            ("/", "/"),
            ("//evil.example", "/dashboard"),
            ("/\\evil.example", "/dashboard"),
            ("https://evil.example/", "/dashboard"),
            ("/\t/evil.example", "/dashboard"),
            ("devices", "/dashboard"),
            ("/auth/login", "/dashboard"),
            ("/auth/profile", "/auth/profile"),
            ("/a\r\nSet-Cookie: x", "/dashboard"),
            ("/" + String(repeating: "a", count: 2048), "/dashboard"),
        ] as [(String?, String)])
    func `the way back stays within the site`(requested: String?, expected: String) {
        #expect(ReturnPath(requested).path == expected)
    }

    @Test func `a cookie's lifetime tells its terms`() {
        for terms in [SessionTerms.browser, .rememberedBrowser] {
            #expect(SessionTerms(cookieLifetime: terms.lifetime) == terms)
        }
    }
}
