import Postgres

/// Reads `application/x-ndjson`: a reading a line, with the fields that it has in JSON. Empty lines are passed over.
///
/// A line that is not JSON, as the last one of a body that was cut off, is rejected by itself.
enum NDJSONParser {
    /// - Throws: ``BodyFailure`` for no reading at all, or too many.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> ReadingColumns {
        var columns = ReadingColumns()
        columns.reserveCapacity(64)
        var rest = bytes[...]
        var position = 0
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            guard !line.allSatisfy(isWhitespace) else { continue }
            guard position < ReadingLimits.readingsPerRequest else { throw BodyFailure.tooManyReadings("") }
            do {
                try columns.append(line, at: position, now: now)
            } catch {
                columns.reject(position, "", "is not JSON")
            }
            position += 1
        }
        guard position > 0 else { throw BodyFailure.invalid(field: "", message: "must have a reading a line") }
        return columns
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}

extension ReadingColumns {
    fileprivate mutating func append(
        _ line: Slice<UnsafeBufferPointer<UInt8>>, at position: Int, now: Timestamp
    ) throws(JSONScanner.Failure) {
        var scanner = JSONScanner(UnsafeBufferPointer(rebasing: line))
        guard try scanner.peekKind() == .object else {
            try scanner.skipValue()
            try scanner.end()
            return reject(position, "", "must be an object")
        }
        var reading = ReadingFields()
        try reading.scan(&scanner, now: now)
        try scanner.end()
        append(reading, at: position, arrival: now)
    }
}
