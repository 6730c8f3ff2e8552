import Outbound
import Testing

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("192.168.1.0/24", "192.168.1.0/24", 24), ("0.0.0.0/0", "0.0.0.0/0", 0), ("10.1.2.3", "10.1.2.3/32", 32),
        ("10.128.0.0/9", "10.128.0.0/9", 9), ("2001:DB8::/32", "2001:db8::/32", 32), ("::1", "::1/128", 128),
        ("::/0", "::/0", 0), ("::ffff:192.168.1.0/120", "192.168.1.0/24", 24), ("::ffff:10.1.2.3", "10.1.2.3/32", 32),
    ])
    func aRangeIsRead(text: String, expected: String, length: Int) throws {
        let range = try #require(AddressRange(text))
        #expect(range.description == expected)
        #expect(range.length == length)
        #expect(AddressRange(range.description) == range)
    }

    @Test(arguments: [
        "", "/", "x", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/33",
        "10.0.0.0/8/8", "10.0.0.1/24", "10.64.0.0/9", "10.0.0/8", "2001:db8::/129", "2001:db8::1/64", "[::]/0",
        "fe80::%eth0/64", " 10.0.0.0/8", "10.0.0.0 /8",
    ])
    func whatIsNoRangeIsRefused(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(arguments: [
        ("192.168.1.0/24", "192.168.1.0", true), ("192.168.1.0/24", "192.168.1.255", true),
        ("192.168.1.0/24", "192.168.0.255", false), ("192.168.1.0/24", "192.168.2.0", false),
        ("10.128.0.0/9", "10.128.0.0", true), ("10.128.0.0/9", "10.255.255.255", true),
        ("10.128.0.0/9", "10.127.255.255", false), ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.4", false),
        ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "::1", false),
        ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::", false),
        ("::/0", "2001:db8::1", true), ("::/0", "10.0.0.1", false), ("::1", "::1", true), ("::1", "::2", false),
    ])
    func aRangeContainsItsOwn(range: String, address: String, isInside: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(arguments: [
        ("::ffff:10.0.0.1", "10.0.0.1"), ("10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::1"),
        ("::10.0.0.1", "::10.0.0.1"),
    ])
    func aMappedAddressIsTheOneMappedIntoIt(text: String, expected: String) throws {
        #expect(try #require(IPAddress(text)).unmapped == IPAddress(expected))
    }
}
