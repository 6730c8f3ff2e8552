import FoundationEssentials
import HTTPKit
import Postgres

/// Readings of one or several devices, out of an import.
struct ImportedReadings: Sendable {
    /// On which the first of them is.
    let line: Int
    /// By device; positions are lines.
    var devices: [UUID: ReadingColumns] = [:]
    /// Of lines that belong to no device, with the line as index.
    var rejections: [Rejection] = []
}

/// The body of an import, read while it arrives: a CSV file with the device of each reading, in so small groups that its
/// size costs no memory.
struct ImportFile: Sendable {
    static let deviceColumn = "device_id"
    /// Bytes of a group's records, after which it is full.
    private static let groupBytes = 1 << 20

    /// The header line, and what its columns are.
    private struct Header {
        let bytes: [UInt8]
        let device: Int
        let fields: [ReadingField?]
    }

    private var records = CSVRecords()
    private var header: Header?
    private var hasRecords = false
    /// The records of the next group, and on which lines they begin.
    private var bytes: [UInt8] = []
    private var lines: [Int] = []
    private var rejections: [Rejection] = []

    mutating func append(_ piece: some Sequence<UInt8>) {
        records.append(piece)
    }

    /// The next group, of at most ``ReadingLimits/readingsPerRequest`` records; nil where more bytes are needed, or at the
    /// end.
    ///
    /// - Parameter isEnd: Whether there are no more bytes.
    /// - Throws: `CSVError` for what is no CSV, ``BodyFailure`` for another header or no reading at all.
    mutating func next(isEnd: Bool, now: Timestamp = .now) throws -> ImportedReadings? {
        while let record = records.next(isEnd: isEnd) {
            guard header != nil else {
                try begin(with: record)
                continue
            }
            hasRecords = true
            take(record)
            if lines.count + rejections.count == ReadingLimits.readingsPerRequest || bytes.count >= Self.groupBytes {
                return try group(now)
            }
        }
        guard isEnd else { return nil }
        guard header != nil else { throw CSVError.noHeader }
        guard hasRecords else {
            throw BodyFailure.invalid(field: "", message: "must have a reading behind the header line")
        }
        return lines.isEmpty && rejections.isEmpty ? nil : try group(now)
    }

    private mutating func begin(with record: CSVRecords.Record) throws {
        guard case .whole(let line, _) = record else { throw CSVError.header(.openQuote) }
        var bytes = Array(line)
        let reader = try CSVReader(bytes)
        let devices = reader.header.indices.filter { reader.header[$0].trimmed == Self.deviceColumn }
        guard let device = devices.first, devices.count == 1 else {
            throw BodyFailure.invalid(field: "header", message: "must have the column \(Self.deviceColumn) once")
        }
        let fields = try CSVReadingsParser.fields(of: reader.header, requiring: [.sensorType, .value, .timestamp])
        records.delimiter = reader.delimiter
        // The last line of a file may have no end; then no record follows.
        if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        header = Header(bytes: bytes, device: device, fields: fields)
    }

    private mutating func take(_ record: CSVRecords.Record) {
        switch record {
        case .broken(let line):
            let message = "opens a quote that is never closed, or is longer than \(CSVRecords.maximumLength) bytes"
            rejections.append(Rejection(index: line, field: "", message: message))
        case .whole(let record, let line):
            // So that one does not take the others of its group with it.
            guard String(validating: record, as: UTF8.self) != nil else {
                return rejections.append(Rejection(index: line, field: "", message: "is not UTF-8"))
            }
            bytes += record
            lines.append(line)
        }
    }

    private mutating func group(_ now: Timestamp) throws -> ImportedReadings {
        defer { (bytes, lines, rejections) = ([], [], []) }
        let line = min(lines.first ?? .max, rejections.first?.index ?? .max)
        var group = ImportedReadings(line: line, rejections: rejections)
        guard let header else { return group }
        for (record, line) in zip(try CSVReader(header.bytes + bytes), lines) {
            if let fault = record.fault {
                group.rejections.append(Rejection(index: line, field: "", message: fault.message))
            } else if let device = UUID(uuidString: record.fields[header.device].trimmed) {
                let reading = ReadingFields(record.fields, header.fields, now: now)
                group.devices[device, default: ReadingColumns()].append(reading, at: line, arrival: now)
            } else {
                group.rejections.append(Rejection(index: line, field: Self.deviceColumn, message: "must be a UUID"))
            }
        }
        return group
    }
}

extension ReadingFields {
    /// Reads the cells of a record; an empty one is a field that is not there.
    fileprivate init(_ cells: [String], _ fields: [ReadingField?], now: Timestamp) {
        self.init()
        for (field, cell) in zip(fields, cells) {
            guard let field, !cell.isEmpty else { continue }
            set(field, exported: cell, now: now)
        }
        // With the time of arrival instead, the same file would be other readings each time.
        if time == nil { violate(.timestamp, "is required") }
        end()
    }

    /// - Parameter cell: As ``ExportFormat`` writes it: an apostrophe before a value says that it is text.
    private mutating func set(_ field: ReadingField, exported cell: String, now: Timestamp) {
        switch field {
        case .value where cell.unicodeScalars.first == "'": set(text: String(cell.unicodeScalars.dropFirst()))
        case .sensorType, .unit: set(field, cell: FormulaGuard.unguarded(cell), now: now)
        default: set(field, cell: cell, now: now)
        }
    }
}
