import FoundationEssentials
import HTTPKit
import Kernel

/// The answer to an import: what became of each line.
struct ImportReport: Encodable {
    private let created: Int
    private let updated: Int
    private let unchanged: Int
    private let failed: Int
    private let rows: [Row]

    /// - Parameter outcomes: By line, of those that nothing was wrong with.
    init(_ table: DeviceTable, _ outcomes: [Int: DeviceImportStore.Outcome]) {
        rows = table.lines.map { Row($0, outcomes[$0.row.line]) }
        let counts = Dictionary(grouping: rows, by: \.result).mapValues(\.count)
        created = counts[.created] ?? 0
        updated = counts[.updated] ?? 0
        unchanged = counts[.unchanged] ?? 0
        failed = counts[.failed] ?? 0
    }

    private enum Result: String, Encodable {
        case created, updated, unchanged, failed
    }

    /// What became of one line.
    private struct Row: Encodable {
        let row: Int
        let serialNumber: String
        var result = Result.failed
        var id: String?
        var apiKey: String?
        var errors: [FieldError]?

        enum CodingKeys: String, CodingKey {
            case row, result, id, errors
            case serialNumber = "serial_number"
            case apiKey = "api_key"
        }

        init(_ line: DeviceTable.Line, _ outcome: DeviceImportStore.Outcome?) {
            row = line.row.line
            serialNumber = line.row.serialNumber
            switch outcome {
            case .created(let device, let key): (result, id, apiKey) = (.created, device.id.text, key.secret)
            case .updated(let device): (result, id) = (.updated, device.id.text)
            case .unchanged(let device): (result, id) = (.unchanged, device.id.text)
            case .refused(let refusal): errors = [refusal.error]
            case nil: errors = line.errors
            }
        }
    }
}

extension DeviceImport.Refusal {
    fileprivate var error: FieldError {
        switch self {
        case .unknownProject: FieldError("project_id", "is no project of the organization")
        case .limitReached(let plan, let limit):
            FieldError("", "is beyond the limit of devices: the plan '\(plan)' allows \(limit)")
        case .serialNumberTaken:
            FieldError("serial_number", "was registered by another request just now; send the file again")
        }
    }
}
