/// How far the body of a message reaches (RFC 9112 §6.3).
public enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
    /// Until the connection closes; only a response may say so.
    case untilClose

    /// The framing that the two framing fields give together.
    ///
    /// - Throws: `MessageError.malformed` when both are there: one of two readers would take the wrong one.
    public init(length: Int?, isChunked: Bool) throws(MessageError) {
        switch (length, isChunked) {
        case (.some, true): throw .malformed("Content-Length and Transfer-Encoding exclude each other")
        case (.none, true): self = .chunked
        case (.some(let length), false): self = length == 0 ? .none : .length(length)
        case (.none, false): self = .none
        }
    }

    /// The value of a `Content-Length`: digits alone, up to 10¹⁸ − 1.
    public static func length(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(MessageError) -> Int {
        guard (1...18).contains(range.count) else { throw .malformed("Content-Length is not a number") }
        var length = 0
        for index in range {
            let digit = bytes[index] &- ASCII.zero
            guard digit <= 9 else { throw .malformed("Content-Length is not a number") }
            length = length * 10 + Int(digit)
        }
        return length
    }
}

/// Follows a body through bytes that come piece by piece, to know where it ends; the bytes stay as they are.
public struct BodyReader {
    private enum State {
        case length(Int)
        case untilClose
        case chunks(ChunkReader)
        case done
    }

    /// A run of bytes within the body.
    public enum Piece: Equatable {
        /// Bytes of the content itself.
        case content(Int)
        /// Bytes that frame it: chunk sizes, line ends.
        case framing(Int)
        /// Bytes of a field behind the content, up to the end of its line.
        case trailer(Int)
    }

    /// Which fields may follow the last chunk.
    public enum Trailers: Sendable {
        case none
        /// Those that mean nothing to whoever passes messages on, and so none by which a message is framed, routed or
        /// authorized (RFC 9110 §6.5.1).
        case safe
        case any
    }

    private var state: State

    public init(_ framing: BodyFraming, trailers: Trailers) {
        switch framing {
        case .none: state = .done
        case .length(let length): state = .length(length)
        case .chunked: state = .chunks(ChunkReader(trailers: trailers))
        case .untilClose: state = .untilClose
        }
    }

    /// Whether the whole body has been seen.
    public var isDone: Bool {
        if case .done = state { true } else { false }
    }

    /// Whether the end of the connection is the end of the body.
    public var endsWithConnection: Bool {
        if case .untilClose = state { true } else { false }
    }

    /// The content bytes that are still to come, where the framing tells.
    public var remaining: Int? {
        switch state {
        case .done: 0
        case .length(let remaining): remaining
        case .untilClose, .chunks: nil
        }
    }

    /// The next run in `bytes` from `start` on, or nil when the body or the bytes are at their end.
    ///
    /// - Throws: `MessageError.malformed` for wrong chunks.
    public mutating func next(in bytes: Span<UInt8>, from start: Int) throws(MessageError) -> Piece? {
        let available = bytes.count - start
        guard available > 0 else { return nil }
        switch state {
        case .done:
            return nil
        case .untilClose:
            return .content(available)
        case .length(let remaining):
            state = available < remaining ? .length(remaining - available) : .done
            return .content(min(available, remaining))
        case .chunks(var reader):
            let piece = try reader.next(in: bytes, from: start)
            state = reader.isDone ? .done : .chunks(reader)
            return piece
        }
    }

    /// Takes as much of `bytes` as belongs to the body.
    ///
    /// - Returns: how many bytes that is, and how many of them are content.
    public mutating func take(_ bytes: Span<UInt8>) throws(MessageError) -> (total: Int, content: Int) {
        var total = 0
        var content = 0
        while let piece = try next(in: bytes, from: total) {
            switch piece {
            case .content(let count):
                total += count
                content += count
            case .framing(let count), .trailer(let count):
                total += count
            }
        }
        return (total, content)
    }
}
