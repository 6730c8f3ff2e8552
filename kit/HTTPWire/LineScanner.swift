/// Splits the head of a message into its lines while the bytes are still coming, looking at each byte once.
///
/// A line ends with CR LF. A bare LF is refused: readers that take it for a line end and readers that do not would see
/// different messages (RFC 9112 §2.2, §11.2).
public struct LineScanner {
    /// Where the line that is being read begins.
    public private(set) var lineStart = 0
    private var position = 0

    public init() {}

    /// The next whole line without its CR LF, or nil when `bytes` hold no more of them. `bytes` begin with the head at
    /// every call, and have only grown since the last.
    public mutating func next(in bytes: Span<UInt8>) throws(MessageError) -> Range<Int>? {
        guard let lineFeed = bytes.index(of: ASCII.lineFeed, in: position..<bytes.count) else {
            position = bytes.count
            return nil
        }
        guard lineFeed > lineStart, bytes[lineFeed - 1] == ASCII.carriageReturn else {
            throw .malformed("a line must end with CR LF")
        }
        let line = lineStart..<(lineFeed - 1)
        lineStart = lineFeed + 1
        position = lineStart
        return line
    }
}
