import FoundationEssentials
import HTTPKit

/// The body of an import: a CSV file with a device a line.
struct DeviceTable: Sendable {
    static let lineCounts = 1...1000

    /// A line behind the header, and what is wrong with it.
    struct Line: Sendable {
        let row: DeviceRow
        let errors: [FieldError]
    }

    let lines: [Line]

    /// The rows that nothing is wrong with.
    var rows: [DeviceRow] { lines.filter(\.errors.isEmpty).map(\.row) }

    /// - Throws: `CSVError`; 422 for columns that are not ours, and for no lines or too many.
    init(_ bytes: [UInt8]) throws {
        let reader = try CSVReader(bytes)
        let columns = try Self.columns(reader.header)
        var lines: [Line] = []
        var firstLines: [String: Int] = [:]
        // Spreadsheets leave lines of nothing but separators behind.
        for record in reader where record.fields.contains(where: { !$0.isEmpty }) {
            var draft = DeviceRowDraft(record, columns)
            if record.fault == nil, !draft.serialNumber.isEmpty {
                let first = firstLines[draft.serialNumber]
                draft.check.require(first == nil, "serial_number", "is that of line \(first ?? 0), too")
                firstLines[draft.serialNumber] = first ?? record.line
            }
            lines.append(draft.line)
            if lines.count > Self.lineCounts.upperBound { break }
        }
        self.lines = lines
        guard Self.lineCounts.contains(lines.count) else {
            throw Problem.invalid("", "must have from 1 to \(Self.lineCounts.upperBound) lines behind the header")
        }
    }

    private static func columns(_ header: [String]) throws(Problem) -> [DeviceColumn] {
        // So that the answer does not name a million of them.
        guard header.count <= 100 else { throw .invalid("", "must have at most 100 columns") }
        var check = Validation()
        var columns: [DeviceColumn] = []
        for name in header.map({ $0.trimmed.lowercased() }) {
            guard let column = DeviceColumn(rawValue: name) else {
                let known = DeviceColumn.allCases.map(\.rawValue).joined(separator: ", ")
                check.reject(name, "is no column of devices, which are \(known)")
                continue
            }
            check.require(!columns.contains(column), name, "is there more than once")
            columns.append(column)
        }
        check.require(columns.contains(.serialNumber), "serial_number", "must be among the columns")
        guard check.errors.isEmpty else { throw .invalid(check.errors) }
        return columns
    }
}
