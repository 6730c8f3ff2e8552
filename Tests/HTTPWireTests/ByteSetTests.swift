import Testing

@testable import HTTPWire

@Suite("Character classes")
struct ByteSetTests {
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    @Test(
        "hold exactly the characters that the RFCs name",
        arguments: [
            (ByteSet.token, letters + "!#$%&'*+-.^_`|~"),
            (ByteSet.path, letters + "-._~!$&'()*+,;=:@/%"),
            (ByteSet.host, letters + "-._~!$&'()*+,;=:[]%"),
            (ByteSet.requestID, letters + "-._~:=+/"),
        ])
    func membership(set: ByteSet, characters: String) {
        for byte in UInt8.min...UInt8.max {
            #expect(set.contains(byte) == characters.utf8.contains(byte), "\(byte)")
        }
    }

    @Test("A query may hold every visible character but the fragment's mark")
    func query() {
        for byte in UInt8.min...UInt8.max {
            #expect(ByteSet.query.contains(byte) == ((0x21...0x7e).contains(byte) && byte != 0x23), "\(byte)")
        }
    }
}
