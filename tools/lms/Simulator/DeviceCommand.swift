/// A command as the gateway hands it to a device.
struct DeviceCommand: Sendable, Decodable {
    let id: String
    let commandType: String
    let parameters: [String: ParameterValue]?

    enum CodingKeys: String, CodingKey {
        case id, parameters
        case commandType = "command_type"
    }
}

/// A parameter of a command, as far as the simulator looks into it.
enum ParameterValue: Sendable, Hashable, Decodable {
    case number(Double)
    case text(String)
    case other

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else {
            self = .other
        }
    }
}

/// What a device is like at the moment; commands change it.
struct DeviceState: Sendable, Hashable {
    /// What a device does on a command, besides reporting that it did.
    enum Reaction: Sendable, Hashable {
        case done
        /// It is away for so many seconds.
        case restart(seconds: Double)
        case refused(reason: String)
    }

    /// Seconds from one reading to the next.
    var interval: Double
    var firmwareVersion = "1.0.0"

    /// The shortest and the longest interval that a device takes, in seconds.
    static let intervals = 0.1...86_400

    mutating func carryOut(_ command: DeviceCommand) -> Reaction {
        switch command.commandType.split(whereSeparator: { $0 == "-" || $0 == "_" }).joined(separator: "_") {
        case "set_reading_interval":
            let parameters = command.parameters ?? [:]
            guard case .number(let seconds) = parameters["reading_interval"] ?? parameters["interval"] else {
                return .refused(reason: "reading_interval is missing")
            }
            guard Self.intervals.contains(seconds) else {
                return .refused(reason: "reading_interval must be between 0.1 and 86400 seconds")
            }
            interval = seconds
            return .done
        case "update_firmware":
            if case .text(let version) = command.parameters?["version"] { firmwareVersion = version }
            return .restart(seconds: 5)
        case "reboot", "restart":
            return .restart(seconds: 3)
        case "calibrate", "ping", "identify":
            return .done
        default:
            return .refused(reason: "\(command.commandType) is not a command of this device")
        }
    }
}
