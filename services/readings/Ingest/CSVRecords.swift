/// Parts the bytes of a CSV file that arrives piece by piece into its records, by the same rules as HTTPKit's `CSVReader`,
/// which then reads the fields of many records at once.
///
/// A quote that nobody closes takes its own line with it and no other: a record is at most ``maximumLength`` bytes, and of a
/// longer one the first line is given up.
struct CSVRecords {
    /// Far more than the longest reading that is valid.
    static let maximumLength = 32 * 1024

    enum Record: Equatable {
        /// With its line end.
        case whole(ArraySlice<UInt8>, line: Int)
        /// A line that no record could be made of.
        case broken(line: Int)
    }

    private enum State {
        /// Where a quote would open.
        case fieldStart
        case plain
        case quoted
        /// Behind a quote within quotes, which either ends them or stands for itself.
        case quote
    }

    /// Nil until the header line is known.
    var delimiter: UInt8?
    private var buffer: [UInt8] = []
    private var start = 0
    private var position = 0
    private var state = State.fieldStart
    /// Of the record that begins at `start`, counted from 1.
    private var line = 1
    /// How many line ends there are from `start` to `position`.
    private var lineEnds = 0
    /// Within a line that is given up because it alone is too long.
    private var isSkipping = false
    /// How far a record reached whose first line was given up. Every line end up to there is within its quotes, so another
    /// record with a line end in quotes goes on from there: else a file whose every line opens a quote would be looked at
    /// once for each of them.
    private var reached: (position: Int, state: State, line: Int)?

    mutating func append(_ piece: some Sequence<UInt8>) {
        buffer.removeFirst(start)
        position -= start
        reached?.position -= start
        start = 0
        buffer.append(contentsOf: piece)
    }

    /// The next record, empty lines left out; nil where more bytes are needed, or at the end.
    ///
    /// - Parameter isEnd: Whether there are no more bytes.
    mutating func next(isEnd: Bool) -> Record? {
        while position < buffer.count {
            let byte = buffer[position]
            position += 1
            if isSkipping {
                start = position
                if byte == .lineFeed { endSkipping() }
                continue
            }
            if byte == .lineFeed { lineEnds += 1 }
            advance(over: byte)
            if byte == .lineFeed, state == .quoted, let reached, reached.position > position {
                (position, state, lineEnds) = (reached.position, reached.state, reached.line - line)
            } else if byte == .lineFeed, state == .fieldStart {
                if let record = take() { return record }
            } else if position - start > Self.maximumLength {
                return giveUp()
            }
        }
        guard isEnd, !isSkipping, start < buffer.count else { return nil }
        return state == .quoted ? giveUp() : take()
    }

    private mutating func advance(over byte: UInt8) {
        switch (state, byte) {
        case (.fieldStart, .quote): state = .quoted
        case (.quoted, .quote): state = .quote
        case (.quote, .quote): state = .quoted
        case (.quoted, _): break
        case (_, .lineFeed): state = .fieldStart
        case (_, let byte): state = isDelimiter(byte) ? .fieldStart : .plain
        }
    }

    private func isDelimiter(_ byte: UInt8) -> Bool {
        delimiter.map { $0 == byte } ?? (byte == .comma || byte == .semicolon)
    }

    /// The bytes up to the position; nil for an empty line.
    private mutating func take() -> Record? {
        let record = buffer[start..<position]
        let first = line
        begin(at: position, line: line + lineEnds)
        return record.elementsEqual([.lineFeed]) || record.elementsEqual([.carriageReturn, .lineFeed])
            ? nil : .whole(record, line: first)
    }

    /// Goes on behind the line on which the record begins.
    private mutating func giveUp() -> Record {
        let first = line
        if let end = buffer[start..<position].firstIndex(of: .lineFeed) {
            reached = (position, state, line + lineEnds)
            begin(at: end + 1, line: line + 1)
        } else {
            start = position
            isSkipping = true
        }
        return .broken(line: first)
    }

    private mutating func endSkipping() {
        isSkipping = false
        begin(at: position, line: line + 1)
    }

    private mutating func begin(at index: Int, line: Int) {
        (start, position, self.line, lineEnds, state) = (index, index, line, 0, .fieldStart)
    }
}

extension UInt8 {
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let semicolon = UInt8(ascii: ";")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let lineFeed = UInt8(ascii: "\n")
}
