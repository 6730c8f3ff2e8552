import HTTPWire
import NIOCore

extension ClientConnection {
    /// Answers that an event loop compresses at once: each takes 256 KiB of state, which slow clients hold for long.
    static let compressionLimit = 128

    /// Decides whether the answer is compressed on its way, and makes ready for its body.
    func beginCompression(_ response: ResponseHead, _ bytes: Span<UInt8>) -> ResponseCompression {
        // HTTP/1.0 has no chunks, and a stream's pieces are too small to gain by it.
        guard let route, route.compresses, !route.isStream, head.minorVersion == 1 else { return .none }
        let compression = ResponseCompression(response, bytes, isAccepted: acceptsGzip, hasWeak: hasWeakTag)
        guard compression == .gzip, !isHead else { return compression }
        guard worker.compressions < Self.compressionLimit, let compressor = try? GzipCompressor() else {
            return .varies
        }
        worker.compressions += 1
        self.compressor = compressor
        return .gzip
    }

    /// Compresses what `bytes` hold of the response's body. What one read brought goes out at once, so that nothing waits
    /// for more.
    func compressBody(_ bytes: inout ByteBuffer, _ reader: inout BodyReader) throws(MessageError) {
        var content = ByteBuffer()
        while let piece = try reader.next(in: bytes.readableBytesUInt8Span, from: 0) {
            switch piece {
            case .framing(let count), .trailer(let count): bytes.moveReaderIndex(forwardBy: count)
            case .content(let count):
                guard let next = bytes.readSlice(length: count) else { continue }
                if content.readableBytes == 0 { content = next } else { content.writeImmutableBuffer(next) }
            }
        }
        if reader.isDone { return writeCompressed(content, ends: true) }
        if content.readableBytes > 0 { writeCompressed(content, ends: false) }
    }

    /// Ends a body whose end the service told by closing its connection.
    func endCompression() {
        if compressor != nil { writeCompressed(ByteBuffer(), ends: true) }
    }

    /// Gives up what was being compressed.
    func abandonCompression() {
        guard compressor != nil else { return }
        compressor = nil
        worker.compressions -= 1
    }

    private func writeCompressed(_ content: ByteBuffer, ends: Bool) {
        guard let compressor else { return }
        let packed = compressor.compress(content, finish: ends)
        var chunk = ByteBuffer()
        chunk.reserveCapacity(packed.readableBytes + 32)
        chunk.writeString(String(packed.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(packed)
        chunk.writeStaticString(ends ? "\r\n0\r\n\r\n" : "\r\n")
        // First, as a write that fails ends the connection.
        if ends { abandonCompression() }
        writeBody(chunk)
    }
}
