import FoundationEssentials
import Kernel
import Postgres

/// What somebody exports: what the audit trail keeps of it. What is not there does not narrow.
struct ExportedReadings: Encodable, Sendable {
    private let format: String
    private let start: Timestamp
    private let end: Timestamp
    private let devices: [String]?
    private let sensorTypes: [String]?
    private let after: String?

    init(_ selection: ReadingExport.Selection, as format: ExportFormat) {
        self.format = format.rawValue
        start = selection.range.start
        end = selection.range.end
        devices = selection.filter.devices.isEmpty ? nil : selection.filter.devices.map(\.text)
        sensorTypes = selection.filter.sensorTypes.isEmpty ? nil : selection.filter.sensorTypes
        after = selection.after?.description
    }

    enum CodingKeys: String, CodingKey {
        case format
        case start = "from"
        case end = "to"
        case devices = "device_ids"
        case sensorTypes = "sensor_types"
        case after
    }
}
