import HTTPWire
import NIOCore

/// Requests that share a connection.
extension RawConnection {
    /// Asks for the change of protocol behind which several requests share a connection.
    public static let multiplexing =
        "GET / HTTP/1.1\r\nHost: lms\r\nConnection: Upgrade\r\nUpgrade: \(MultiplexFrame.protocolName)\r\n\r\n"

    /// The next frame.
    public mutating func frame() async throws -> MultiplexFrame {
        let prefix = try await read(count: 8)
        guard let (length, id) = prefix.getMultipleIntegers(at: prefix.readerIndex, as: (UInt32, UInt32).self) else {
            throw ConnectionEnded(behind: ByteBuffer())
        }
        return MultiplexFrame(id: id, message: try await read(count: Int(length)))
    }

    /// Sends messages, each in a frame.
    public func send(frames: [(id: UInt32, message: String)]) async throws {
        var bytes = ByteBuffer()
        for (id, message) in frames { MultiplexFrame.write(id: id, into: &bytes) { $0.writeString(message) } }
        try await send(bytes)
    }
}
