import Foundation
import HTTPKit

/// What a form of the devices' pages has done.
enum DeviceNotice: String, Notice {
    case saved, deleted, queued, cancelled, configured

    var text: String {
        switch self {
        case .saved: "The device has been saved."
        case .deleted: "The device has been deleted."
        case .queued: "The command has been queued."
        case .cancelled: "The command has been taken back."
        case .configured: "The configuration has been saved; the device fetches it by itself."
        }
    }
}

/// What `devices.mustache` reads as `page`.
struct DevicesPage: Sendable {
    struct Item: Sendable {
        let path: String
        let name: String
        let status: String
        /// Its type, place and serial number.
        let details: String
        let lastSeen: Moment?
        let tags: [String]
    }

    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let statuses: [Choice]
    let text: String
    let isFiltered: Bool
    let mayRegister: Bool
    /// What has just been done.
    let notice: String?

    init(_ devices: ListPart<Device>, filter: DeviceFilter, mayRegister: Bool, notice: String?) {
        items = devices.items.map(Item.init)
        hasItems = !items.isEmpty
        pager = Pager(
            "Devices", of: "/devices" + filter.query, cursor: "cursor", next: devices.next, isFirst: devices.isFirst,
            anchor: "devices")
        statuses = DeviceStatus.allCases.map { status in
            Choice(
                value: status.rawValue, title: status.rawValue.capitalized,
                isChosen: filter.statuses.contains(status))
        }
        text = filter.text ?? ""
        isFiltered = !filter.query.isEmpty
        self.mayRegister = mayRegister
        self.notice = notice
    }
}

extension DevicesPage.Item {
    fileprivate init(_ device: Device) {
        let profile = device.profile
        path = "/devices/\(device.id.text)"
        name = profile.name
        status = device.status.rawValue
        details = [profile.deviceType, profile.location, profile.serialNumber].compactMap(\.self)
            .joined(separator: " · ")
        lastSeen = device.lastSeen.map(Moment.init)
        tags = profile.tags
    }
}

extension DeviceFilter {
    /// The query of the page that shows the same.
    fileprivate var query: String {
        var fields = statuses.map { "status=\($0.rawValue)" }
        if let text = text?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) { fields.append("q=\(text)") }
        return fields.isEmpty ? "" : "?" + fields.joined(separator: "&")
    }
}
