import FoundationEssentials
import HTTPKit

/// A line of an imported file while it is read field by field.
struct DeviceRowDraft {
    var check = Validation()
    private(set) var serialNumber = ""
    private let number: Int
    private var profile = DeviceProfile(name: "", deviceType: ProvisioningDefaults.deviceType)
    private var stated: Set<DeviceColumn> = []

    init(_ record: CSVReader.Record, _ columns: [DeviceColumn]) {
        number = record.line
        for (column, field) in zip(columns, record.fields) {
            put(FormulaGuard.unguarded(field).trimmed, in: column)
        }
        if let fault = record.fault {
            // Its fields may have slipped, so nothing is said of them.
            check = Validation()
            check.reject("", fault.message)
            return
        }
        check.require(!serialNumber.isEmpty, "serial_number", "must not be empty")
        if profile.name.isEmpty { profile.name = "\(profile.deviceType) \(serialNumber)" }
        profile = profile.normalized
        // A name that is made up of what is wrong is not wrong besides.
        let stated = stated
        var rules = Validation()
        rules.profile(profile)
        for error in rules.errors where error.field != "name" || stated.contains(.name) {
            guard error.field != "serial_number" || !serialNumber.isEmpty else { continue }
            check.reject(error.field, error.message)
        }
    }

    var line: DeviceTable.Line {
        DeviceTable.Line(
            row: DeviceRow(line: number, serialNumber: serialNumber, profile: profile, columns: stated),
            errors: check.errors)
    }

    /// An empty text says that the device has none; nothing of what no device is without.
    private mutating func put(_ text: String, in column: DeviceColumn) {
        let value = text.isEmpty ? nil : text
        switch column {
        case .serialNumber:
            serialNumber = text
            profile.serialNumber = value
        case .name: profile.name = text
        case .description: profile.description = text
        case .deviceType: profile.deviceType = value ?? profile.deviceType
        case .model: profile.model = value
        case .macAddress: profile.macAddress = value
        case .firmwareVersion: profile.firmwareVersion = value
        case .location: profile.location = value
        case .projectID:
            profile.projectID = value.flatMap { UUID(uuidString: $0) }
            check.require(value == nil || profile.projectID != nil, column.rawValue, "must be a UUID")
        case .tags: profile.tags = TagText.split(text)
        case .readingInterval:
            let interval = value.map { Int($0) } ?? profile.readingInterval
            check.require(interval != nil, column.rawValue, "must be a whole number")
            profile.readingInterval = interval ?? profile.readingInterval
        case .id, .status, .lastSeen, .createdAt: return
        }
        let isNeeded = column == .name || column == .deviceType || column == .readingInterval
        if value != nil || !isNeeded { stated.insert(column) }
    }
}
