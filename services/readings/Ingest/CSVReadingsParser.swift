import HTTPKit
import Postgres

/// Reads `text/csv`: a reading a record, under a header line with the names that its fields have in JSON.
///
/// An empty cell is a field that is not there, a column of another name is passed over, and a broken record is rejected by
/// itself.
enum CSVReadingsParser {
    /// - Throws: `CSVError` for what is no CSV, ``BodyFailure`` for another header, no reading at all, or too many.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> ReadingColumns {
        let reader = try CSVReader(Array(bytes))
        let fields = try fields(of: reader.header)
        var columns = ReadingColumns()
        columns.reserveCapacity(64)
        var position = 0
        for record in reader {
            guard position < ReadingLimits.readingsPerRequest else { throw BodyFailure.tooManyReadings("") }
            if let fault = record.fault {
                columns.reject(position, "", fault.message)
            } else {
                var reading = ReadingFields()
                for (field, cell) in zip(fields, record.fields) {
                    guard let field, !cell.isEmpty else { continue }
                    reading.set(field, cell: cell, now: now)
                }
                reading.end()
                columns.append(reading, at: position, arrival: now)
            }
            position += 1
        }
        guard position > 0 else {
            throw BodyFailure.invalid(field: "", message: "must have a reading behind the header line")
        }
        return columns
    }

    /// What the columns are; nil for one that is no field of a reading.
    ///
    /// - Throws: ``BodyFailure`` where one that is required is missing, or any is there twice.
    static func fields(
        of header: [String], requiring required: [ReadingField] = [.sensorType, .value]
    ) throws(BodyFailure) -> [ReadingField?] {
        let fields = header.map { ReadingField(rawValue: $0.trimmed) }
        for required in required where !fields.contains(required) {
            throw .invalid(field: "header", message: "must have the column \(required.rawValue)")
        }
        for field in ReadingField.allCases where fields.count(where: { $0 == field }) > 1 {
            throw .invalid(field: "header", message: "must have the column \(field.rawValue) once")
        }
        return fields
    }
}

extension ReadingFields {
    /// - Parameter cell: Not empty.
    mutating func set(_ field: ReadingField, cell: String, now: Timestamp) {
        switch field {
        case .sensorType: set(sensorType: cell)
        case .value: set(valueCell: cell)
        case .unit: set(unit: cell)
        case .timestamp: set(time: ReadingTime.microseconds(cell), now: now)
        case .quality: set(quality: cell)
        case .batteryLevel:
            if let level = NumberScanner.number(cell) {
                set(batteryLevel: level)
            } else {
                violate(field, "must be a number")
            }
        case .location: if let json = attribute(field, cell) { set(location: json) }
        case .metadata: if let json = attribute(field, cell) { set(metadata: json) }
        }
    }

    /// A number as JSON writes it, `true` or `false`, or else text; but no text is what reads as a number elsewhere, as
    /// `NaN`, `+5` or `.5`.
    private mutating func set(valueCell cell: String) {
        if let number = NumberScanner.number(cell) {
            set(number: number)
        } else if cell == "true" || cell == "false" {
            set(boolean: cell == "true")
        } else if Double(cell) != nil {
            violate(.value, "must be a finite number, written as in JSON")
        } else {
            set(text: cell)
        }
    }

    /// JSON, where the cell begins as an object, a list or a string of it; any other cell is text.
    private mutating func attribute(_ field: ReadingField, _ cell: String) -> [UInt8]? {
        guard let first = cell.utf8.first, "{[\"".utf8.contains(first) else { return Array(JSONText.quoted(cell).utf8) }
        return Array(cell.utf8).withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            do {
                let json = try attribute(field, &scanner)
                try scanner.end()
                return json
            } catch {
                violate(field, "is not JSON")
                return nil
            }
        }
    }
}
