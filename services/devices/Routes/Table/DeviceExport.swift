import FoundationEssentials
import HTTPKit
import Synchronization

/// A list of devices as a CSV file that can be imported again.
struct DeviceExport: Sendable {
    private static let header = DeviceColumn.allCases.map(\.rawValue)

    let devices: DeviceStore
    let organization: UUID
    let filter: DeviceFilter
    let order: HTTPKit.SortOrder

    /// All rows from the first on, whatever the length of a page; read page by page as they are sent.
    var response: CSVResponse {
        CSVResponse("devices", header: Self.header) {
            let progress = Mutex<UUID?>(nil)
            return {
                let page = PageRequest(limit: 1000, order: order, after: progress.withLock { $0 })
                let found = try await devices.list(filter, in: organization, page)
                if let last = found.last { progress.withLock { $0 = last.id } }
                return found.map(CSVRow.init)
            }
        }
    }
}

extension CSVRow {
    /// In the order of ``DeviceColumn``.
    init(_ device: Device) {
        self.init()
        append(device.profile.serialNumber)
        append(device.profile.name)
        append(device.profile.description)
        append(device.profile.deviceType)
        append(device.profile.model)
        append(device.profile.macAddress)
        append(device.profile.firmwareVersion)
        append(device.profile.location)
        append(verbatim: device.profile.projectID?.text ?? "")
        append(TagText.joined(device.profile.tags))
        append(verbatim: String(device.profile.readingInterval))
        append(verbatim: device.id.text)
        append(verbatim: device.status.rawValue)
        append(verbatim: device.lastSeen?.rfc3339 ?? "")
        append(verbatim: device.createdAt.rfc3339)
    }
}
