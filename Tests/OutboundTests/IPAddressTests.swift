import Outbound
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("8.8.8.8", AddressScope.global), ("1.0.0.0", .global), ("9.255.255.255", .global), ("11.0.0.0", .global),
        ("172.15.255.255", .global), ("172.32.0.0", .global), ("192.167.255.255", .global), ("192.169.0.0", .global),
        ("100.63.255.255", .global), ("100.128.0.0", .global), ("223.255.255.255", .global),
        ("0.0.0.0", .unspecified), ("0.1.2.3", .unspecified),
        ("127.0.0.1", .loopback), ("127.255.255.255", .loopback),
        ("10.0.0.0", .privateUse), ("10.255.255.255", .privateUse), ("172.16.0.0", .privateUse),
        ("172.31.255.255", .privateUse), ("192.168.0.1", .privateUse), ("192.168.255.255", .privateUse),
        ("169.254.169.254", .linkLocal), ("100.64.0.0", .shared), ("100.127.255.255", .shared),
        ("224.0.0.1", .multicast), ("239.255.255.255", .multicast),
        ("192.0.0.8", .reserved), ("192.0.2.1", .reserved), ("192.88.99.1", .reserved), ("198.18.0.0", .reserved),
        ("198.19.255.255", .reserved), ("198.51.100.7", .reserved), ("203.0.113.7", .reserved),
        ("240.0.0.1", .reserved), ("255.255.255.255", .reserved),
    ])
    func v4AddressesHaveTheirScope(text: String, scope: AddressScope) throws {
        #expect(try #require(IPAddress(text)).scope == scope)
    }

    @Test(arguments: [
        ("2606:4700:4700::1111", AddressScope.global), ("2a00::1", .global), ("2000::", .global),
        ("::", .unspecified), ("::1", .loopback), ("fe80::1", .linkLocal), ("febf:ffff::", .linkLocal),
        ("fc00::1", .privateUse), ("fdff:ffff::", .privateUse), ("fec0::1", .privateUse),
        ("ff02::1", .multicast), ("ff0e::1", .multicast),
        ("2001:db8::1", .reserved), ("2001::1", .reserved), ("2001:20::1", .reserved), ("3fff::1", .reserved),
        ("100::1", .reserved), ("4000::1", .reserved), ("5f00::1", .reserved), ("::2", .reserved),
        ("::7f00:1", .reserved), ("64:ff9b:1::1", .reserved),
    ])
    func v6AddressesHaveTheirScope(text: String, scope: AddressScope) throws {
        #expect(try #require(IPAddress(text)).scope == scope)
    }

    @Test(arguments: [
        ("::ffff:127.0.0.1", AddressScope.loopback), ("::ffff:10.1.2.3", .privateUse), ("::ffff:8.8.8.8", .global),
        ("64:ff9b::169.254.169.254", .linkLocal), ("64:ff9b::8.8.8.8", .global), ("2002:7f00:1::", .loopback),
        ("2002:c0a8:1::1", .privateUse), ("2002:808:808::1", .global),
    ])
    func aV6AddressThatStandsForAV4AddressHasItsScope(text: String, scope: AddressScope) throws {
        #expect(try #require(IPAddress(text)).scope == scope)
    }

    @Test(arguments: ["", "1.2.3", "1.2.3.256", "01.2.3.4", "[::1]", "fe80::1%eth0", "::g", "1.2.3.4 ", "localhost"])
    func otherTextIsNoAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: ["127.0.0.1", "::1", "2001:db8::a:1", "fe80::"])
    func anAddressIsDescribedAsItIsWritten(text: String) throws {
        #expect("\(try #require(IPAddress(text)))" == text)
    }
}
