/// Reads the records of a CSV file (RFC 4180) behind its header line, one after the other.
///
/// Lines end with CRLF or LF, empty ones are passed over, and a byte order mark may come first. Fields are separated by
/// commas, or by semicolons where the header line has more of these. A broken record does not keep the others from
/// being read.
public struct CSVReader: Sendable, Sequence, IteratorProtocol {
    /// What a line says, and what is wrong with it.
    public struct Record: Sendable, Hashable {
        /// Where it begins, counted from 1.
        public let line: Int
        /// Those that could be made out, where there is a fault.
        public var fields: [String] = []
        public var fault: CSVFault?
    }

    /// The names of the columns.
    public private(set) var header: [String] = []
    /// What separates fields: a comma or a semicolon.
    public let delimiter: UInt8
    private let bytes: [UInt8]
    private var position: Int
    private var line = 1

    /// - Throws: ``CSVError`` for what has no header line, or is not UTF-8.
    public init(_ bytes: [UInt8]) throws(CSVError) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
        self.bytes = bytes
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        delimiter = Self.delimiter(in: bytes)
        guard let first = record() else { throw .noHeader }
        if let fault = first.fault { throw .header(fault) }
        header = first.fields
    }

    public mutating func next() -> Record? {
        guard var record = record() else { return nil }
        if record.fault == nil, record.fields.count != header.count {
            record.fault = .fieldCount(record.fields.count, expected: header.count)
        }
        return record
    }

    /// That which the first line with anything on it has more of, outside of quotes.
    private static func delimiter(in bytes: [UInt8]) -> UInt8 {
        var (commas, semicolons, isQuoted) = (0, 0, false)
        let first = bytes.drop { $0 == .carriageReturn || $0 == .lineFeed }
        for byte in first {
            if byte == .lineFeed, !isQuoted { break }
            if byte == .quote { isQuoted.toggle() }
            if byte == .comma, !isQuoted { commas += 1 }
            if byte == .semicolon, !isQuoted { semicolons += 1 }
        }
        return semicolons > commas ? .semicolon : .comma
    }

    // MARK: Steps

    private mutating func record() -> Record? {
        while skipLineEnd() {}
        guard position < bytes.count else { return nil }
        var record = Record(line: line)
        repeat { record.fields.append(field(&record.fault)) } while skip(delimiter)
        skipLineEnd()
        return record
    }

    private mutating func field(_ fault: inout CSVFault?) -> String {
        guard skip(.quote) else { return plain() }
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == .quote, !skip(.quote) {
                if !plain().isEmpty { fault = .textAfterQuote }
                return String(decoding: text, as: UTF8.self)
            }
            if byte == .lineFeed { line += 1 }
            text.append(byte)
        }
        fault = .openQuote
        return String(decoding: text, as: UTF8.self)
    }

    /// What there is up to the end of a field without quotes around it.
    private mutating func plain() -> String {
        let start = position
        while position < bytes.count, bytes[position] != delimiter, lineEndLength == 0 { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    @discardableResult
    private mutating func skipLineEnd() -> Bool {
        let length = lineEndLength
        guard length > 0 else { return false }
        position += length
        line += 1
        return true
    }

    /// Of the line end at the position; 0 where there is none.
    private var lineEndLength: Int {
        guard position < bytes.count else { return 0 }
        if bytes[position] == .lineFeed { return 1 }
        let isPair = bytes[position] == .carriageReturn && position + 1 < bytes.count
        return isPair && bytes[position + 1] == .lineFeed ? 2 : 0
    }
}

extension UInt8 {
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let semicolon = UInt8(ascii: ";")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let lineFeed = UInt8(ascii: "\n")
}
