import Postgres

/// Reads `application/senml+json` (RFC 8428): a list of records, each with what it measures, and with what holds for it and
/// those behind it.
///
/// A record that breaks a rule is rejected by itself, under the names that the fields of a reading have elsewhere; the
/// request fails when it is not JSON, not of the shape, has no reading at all or too many, or where what holds for several
/// records cannot be used.
struct SenMLParser {
    private var scanner: JSONScanner
    private let now: Timestamp
    private var columns = ReadingColumns()
    private var base = SenMLBase()
    private var readings = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) {
        scanner = JSONScanner(bytes)
        self.now = now
    }

    /// - Throws: ``BodyFailure``.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> ReadingColumns {
        var parser = SenMLParser(bytes, now: now)
        do {
            try parser.pack()
        } catch let failure as JSONScanner.Failure {
            throw BodyFailure.notJSON(failure)
        }
        return parser.columns
    }

    private mutating func pack() throws {
        guard try scanner.peekKind() == .array else {
            try scanner.skipValue()
            try scanner.end()
            throw BodyFailure.invalid(field: "", message: "must be a list of SenML records")
        }
        try scanner.beginArray()
        columns.reserveCapacity(64)
        var isFirst = true
        var position = 0
        while try scanner.nextElement(isFirst: &isFirst) {
            try record(at: position)
            position += 1
        }
        try scanner.end()
        guard readings > 0 else { throw BodyFailure.invalid(field: "", message: "must have a record with a value") }
    }

    private mutating func record(at position: Int) throws {
        var record = SenMLRecord()
        let isObject = try scanner.peekKind() == .object
        if isObject { try record.scan(&scanner, &base, at: position) } else { try scanner.skipValue() }
        guard !isObject || record.isReading else { return }
        guard readings < ReadingLimits.readingsPerRequest else { throw BodyFailure.tooManyReadings("") }
        readings += 1
        guard isObject else { return columns.reject(position, "", "must be an object") }
        columns.append(record.resolved(with: base, now: now), at: position, arrival: now)
    }
}
