import HTTPKit
import Kernel

extension Validation {
    /// A device's profile, normalized.
    mutating func profile(_ profile: DeviceProfile) {
        length(of: profile.name, 1...200, "name")
        length(of: profile.description, 0...2000, "description")
        hardware(profile)
        length(of: profile.location, 1...200, "location")
        texts(profile.tags, 0...50, "tags")
        texts(profile.sensors, 0...100, "sensors")
        range(of: profile.readingInterval, DeviceProfile.readingIntervals, "reading_interval")
        json(.object(profile.properties), "properties")
    }

    /// What of a profile a board can tell by itself.
    mutating func hardware(_ profile: DeviceProfile) {
        token(profile.deviceType, "device_type")
        length(of: profile.model, 1...100, "model")
        length(of: profile.serialNumber, 1...100, "serial_number")
        require(
            profile.macAddress.map { DeviceProfile.macAddress(in: $0) != nil } ?? true, "mac_address",
            "must be six bytes in hexadecimal, such as a4:cf:12:0b:7e:01")
        length(of: profile.firmwareVersion, 1...100, "firmware_version")
    }

    /// A name for programs: up to 64 ASCII letters, digits, `_`, `-` and `.`.
    mutating func token(_ text: String, _ field: String) {
        length(of: text, 1...64, field)
        require(
            text.utf8.allSatisfy(\.isTokenCharacter), field, "must be of ASCII letters, digits, '_', '-' and '.'")
    }

    /// A list of short texts.
    mutating func texts(_ texts: [String], _ number: ClosedRange<Int>, _ field: String) {
        count(of: texts, number, field)
        for (index, text) in texts.enumerated() { length(of: text, 1...64, "\(field)[\(index)]") }
    }

    /// JSON of any shape, within what a row should hold.
    mutating func json(_ value: AnyJSON?, _ field: String) {
        guard let value else { return }
        require(!value.containsNUL, field, "must not contain the character U+0000")
        require(value.size <= 65_536, field, "must be at most 64 KiB")
    }
}

extension UInt8 {
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
