import NIOCore
import Testing

@testable import HTTPWire

@Suite("What is left of a read before what comes next")
struct ByteBufferTests {
    @Test("What was left, and has not been read, comes first, once")
    func order() {
        var rest = ByteBuffer(string: "read left, ")
        rest.moveReaderIndex(forwardBy: 5)
        var bytes = ByteBuffer(string: "come")
        bytes.prepend(&rest)
        #expect(String(buffer: bytes) == "left, come")
        #expect(rest.readableBytes == 0)
        bytes.prepend(&rest)
        #expect(String(buffer: bytes) == "left, come")
    }

    @Test("Where nothing was left the bytes stay where they are", arguments: ["", "read"])
    func nothingLeft(read: String) {
        var rest = ByteBuffer(string: read)
        rest.moveReaderIndex(to: rest.writerIndex)
        var bytes = ByteBuffer(string: "come")
        let address = bytes.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        bytes.prepend(&rest)
        #expect(String(buffer: bytes) == "come")
        #expect(bytes.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } == address)
    }

    @Test("What has been read does not stay, even if something is always left")
    func bound() {
        let piece = ByteBuffer(repeating: 0x61, count: 1000)
        var rest = ByteBuffer(string: "b")
        for _ in 0..<1000 {
            var bytes = piece
            bytes.prepend(&rest)
            bytes.moveReaderIndex(forwardBy: piece.readableBytes)
            rest = bytes
        }
        #expect(String(buffer: rest) == "a")
        #expect(rest.storageCapacity <= 4096)
    }
}
