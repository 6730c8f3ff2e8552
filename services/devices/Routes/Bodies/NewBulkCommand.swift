import HTTPKit
import Kernel

/// The body of a request that gives many devices a command: that of a single one, with a selector in the device's place.
struct NewBulkCommand: Sendable, Decodable {
    let selector: DeviceSelector
    let command: NewCommand

    private enum CodingKeys: String, CodingKey {
        case selector
    }

    init(from decoder: any Decoder) throws {
        selector = try decoder.container(keyedBy: CodingKeys.self).decode(DeviceSelector.self, forKey: .selector)
        command = try NewCommand(from: decoder)
    }

    /// The order that the body stands for; whether it suits a device is decided when the device's turn has come.
    ///
    /// - Parameter template: The one that the body names.
    /// - Throws: 422 with the fields at fault.
    func order(from template: CommandTemplate?) throws -> CommandOrder {
        try validate { $0.selector(selector) }
        let order = try command.order(from: template, for: nil)
        try validate { check in
            check.require(
                AnyJSON.object(order.parameters).size <= BulkCommand.maximumParameters, "parameters",
                "must be at most \(BulkCommand.maximumParameters) bytes for many devices")
        }
        return order
    }
}

extension Validation {
    /// Which devices are meant. An empty list would be no filter, and so is refused.
    fileprivate mutating func selector(_ selector: DeviceSelector) {
        if selector.hasFilters {
            require(selector.all != true, "selector.all", "must not be there beside filters")
        } else {
            require(selector.all == true, "selector", "must have a filter, or all: true")
        }
        count(of: selector.ids, 1...1000, "selector.device_ids")
        count(of: selector.projects, 1...100, "selector.project_ids")
        count(of: selector.statuses, 1...DeviceStatus.allCases.count, "selector.statuses")
        if let types = selector.types {
            count(of: types, 1...50, "selector.device_types")
            for (index, type) in types.enumerated() { token(type, "selector.device_types[\(index)]") }
        }
        if let tags = selector.tags { texts(tags, 1...50, "selector.tags") }
        length(of: selector.text, 1...200, "selector.q")
    }
}
