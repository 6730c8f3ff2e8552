/// The chunked transfer coding (RFC 9112 §7.1), as a machine that is fed bytes as they come.
///
/// It takes nothing that two readers could see differently: sizes are hexadecimal digits alone, lines end with CR LF,
/// extensions are visible characters, trailers are fields, and their length is bounded.
public struct ChunkReader {
    private enum State {
        case size(value: Int, digits: Int)
        case `extension`(value: Int)
        case sizeLineFeed(value: Int)
        case data(Int)
        case dataReturn
        case dataLineFeed
        case trailerStart
        case trailerName
        case trailerValue
        case trailerLineFeed
        case finalLineFeed
        case done
    }

    /// Bytes of extension a chunk, and of trailers a message, may have.
    private static let overheadLimit = 4096

    private let trailers: BodyReader.Trailers
    private var state = State.size(value: 0, digits: 0)
    private var overhead = 0
    /// The beginning of a trailer's name: no field that means something to whoever passes messages on has a longer one.
    private var name = InlineArray<20, UInt8>(repeating: 0)
    private var nameLength = 0

    public init(trailers: BodyReader.Trailers) {
        self.trailers = trailers
    }

    public var isDone: Bool {
        if case .done = state { true } else { false }
    }

    /// The next run in `bytes` from `start` on, where at least one byte is.
    public mutating func next(in bytes: Span<UInt8>, from start: Int) throws(MessageError) -> BodyReader.Piece {
        if case .data(let remaining) = state {
            let count = min(bytes.count - start, remaining)
            state = count == remaining ? .dataReturn : .data(remaining - count)
            return .content(count)
        }
        var index = start
        var isTrailer = isWithinTrailer
        run: while index < bytes.count {
            try advance(bytes[index])
            index += 1
            switch state {
            // What comes behind the last chunk's size, or behind a trailer, may be another kind of piece.
            case .data, .trailerStart, .done: break run
            default: isTrailer = isTrailer || isWithinTrailer
            }
        }
        return isTrailer ? .trailer(index - start) : .framing(index - start)
    }

    private var isWithinTrailer: Bool {
        switch state {
        case .trailerName, .trailerValue, .trailerLineFeed: true
        default: false
        }
    }

    private mutating func advance(_ byte: UInt8) throws(MessageError) {
        switch state {
        case .size(let value, let digits):
            try size(byte, value: value, digits: digits)
        case .extension(let value):
            if byte == ASCII.carriageReturn { state = .sizeLineFeed(value: value) } else { try count(byte) }
        case .sizeLineFeed(let value):
            try expect(byte, ASCII.lineFeed)
            overhead = 0
            state = value == 0 ? .trailerStart : .data(value)
        case .dataReturn:
            try expect(byte, ASCII.carriageReturn)
            state = .dataLineFeed
        case .dataLineFeed:
            try expect(byte, ASCII.lineFeed)
            state = .size(value: 0, digits: 0)
        case .trailerStart where byte == ASCII.carriageReturn:
            state = .finalLineFeed
        case .trailerStart:
            guard trailers != .none else { throw .malformed("trailers are not accepted") }
            nameLength = 0
            state = .trailerName
            try trailerName(byte)
        case .trailerName:
            try trailerName(byte)
        case .trailerValue:
            if byte == ASCII.carriageReturn { state = .trailerLineFeed } else { try count(byte) }
        case .trailerLineFeed:
            try expect(byte, ASCII.lineFeed)
            state = .trailerStart
        case .finalLineFeed:
            try expect(byte, ASCII.lineFeed)
            state = .done
        case .data, .done:
            break
        }
    }

    private mutating func size(_ byte: UInt8, value: Int, digits: Int) throws(MessageError) {
        if let digit = ASCII.hexDigit(byte), digits < 15 {
            state = .size(value: value << 4 | Int(digit), digits: digits + 1)
        } else if digits > 0, byte == ASCII.carriageReturn {
            state = .sizeLineFeed(value: value)
        } else if digits > 0, byte == ASCII.semicolon {
            state = .extension(value: value)
        } else {
            throw .malformed("a chunk size must be hexadecimal digits")
        }
    }

    private mutating func trailerName(_ byte: UInt8) throws(MessageError) {
        try count(byte)
        if ByteSet.token.contains(byte) {
            if nameLength < name.count { name[nameLength] = byte }
            nameLength += 1
            return
        }
        guard byte == ASCII.colon, nameLength > 0 else {
            throw .malformed("a trailer must be a name, a colon and a value")
        }
        let isSafe = FieldName(name.span, 0..<min(nameLength, name.count)) == .other
        guard trailers == .any || isSafe else { throw .malformed("such a field may not be a trailer") }
        state = .trailerValue
    }

    private mutating func count(_ byte: UInt8) throws(MessageError) {
        overhead += 1
        guard ASCII.isFieldContent(byte), overhead <= Self.overheadLimit else {
            throw .malformed("a chunk extension or trailer is too long or holds a control character")
        }
    }

    private func expect(_ byte: UInt8, _ expected: UInt8) throws(MessageError) {
        guard byte == expected else { throw .malformed("a chunk must end with CR LF") }
    }
}
