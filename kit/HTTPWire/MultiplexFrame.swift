import NIOCore

/// A message on a connection that several requests share: requests and answers go whole, each in a frame with the number
/// of its request, and answers in whatever order they are ready.
///
/// Such a connection begins as HTTP/1.1 and changes to this protocol by `Upgrade` (RFC 9110 §7.8). A frame is two 32-bit
/// numbers in network byte order, the length of the message and the number of the request, and the message as it would
/// stand on a connection of its own. Numbers are the asking side's.
public struct MultiplexFrame: Equatable, Sendable {
    /// What `Upgrade` names.
    public static let protocolName: StaticString = "lms-multiplex"
    /// Stands where the number of a request would: whoever sends it ends the connection once what is under way is answered,
    /// and wants no more requests here.
    public static let goingAway: UInt32 = 0
    /// Bytes of a request with its head; what is longer goes over a connection of its own.
    public static let longestRequest = 128 * 1024
    /// The same of an answer.
    public static let longestAnswer = 4 << 20

    private static let prefixLength = 8

    public let id: UInt32
    /// Empty as an answer where the request has to be sent again over a connection of its own.
    public let message: ByteBuffer

    public init(id: UInt32, message: ByteBuffer = ByteBuffer()) {
        self.id = id
        self.message = message
    }

    /// Takes the frame that `bytes` begin with; nil when it is not whole.
    ///
    /// - Parameter longest: Bytes of a message that are taken.
    /// - Throws: `MessageError.malformed` for a longer one.
    public init?(from bytes: inout ByteBuffer, longest: Int) throws(MessageError) {
        guard let (length, id) = bytes.peekMultipleIntegers(as: (UInt32, UInt32).self) else { return nil }
        guard length <= longest else { throw .malformed("the frame is too long") }
        guard bytes.readableBytes >= Self.prefixLength + Int(length) else { return nil }
        bytes.moveReaderIndex(forwardBy: Self.prefixLength)
        guard let message = bytes.readSlice(length: Int(length)) else { return nil }
        self.init(id: id, message: message)
    }

    /// Appends the frame of a message that `write` appends; of an empty one without it.
    public static func write(
        id: UInt32, into bytes: inout ByteBuffer, message write: (inout ByteBuffer) -> Void = { _ in }
    ) {
        let start = bytes.writerIndex
        bytes.writeMultipleIntegers(UInt32(0), id)
        write(&bytes)
        bytes.setInteger(UInt32(bytes.writerIndex - start - prefixLength), at: start)
    }
}
