import NIOCore

/// The body of a large answer of the gateway's own, which follows its head piece by piece, as fast as the client takes it.
///
/// The pieces share the storage of what is served, so that a slow client costs no copy of it.
struct LocalBody {
    /// Bytes of a piece; about one waits for the client at a time.
    static let pieceLength = 64 * 1024

    fileprivate var rest = ByteBuffer()
    fileprivate(set) var isUnderWay = false
    /// Whether pieces are being written: the connection may become writable meanwhile.
    fileprivate var isWriting = false

    fileprivate mutating func next() -> ByteBuffer? {
        rest.readSlice(length: min(Self.pieceLength, rest.readableBytes))
    }
}

extension ClientConnection {
    /// Sends `body` behind the head that is written.
    func beginLocalBody(_ body: ByteBuffer) {
        localBody = LocalBody(rest: body, isUnderWay: true)
        extendDeadline()
        writeLocalBody()
    }

    /// The client has taken some of what was written.
    func continueLocalBody() {
        guard !localBody.isWriting else { return }
        writeLocalBody()
        if !localBody.isUnderWay { processInbound() }
    }

    /// Writes pieces as long as the client takes them, and ends the answer behind the last one.
    private func writeLocalBody() {
        localBody.isWriting = true
        repeat {
            if isWritable, let piece = localBody.next() { write(piece) }
            flush()
            // A failed write has closed the connection.
            guard phase == .exchange else { return }
        } while isWritable && localBody.rest.readableBytes > 0
        localBody.isWriting = false
        // The last piece is waited for, too: a connection between two requests has less time.
        guard isWritable else { return }
        localBody = LocalBody()
        endLocalResponse()
    }
}
