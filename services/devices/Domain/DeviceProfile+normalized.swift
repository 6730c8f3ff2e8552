import HTTPKit

extension DeviceProfile {
    /// The profile as it is stored: texts trimmed, no tag or sensor twice, the MAC address in one spelling.
    var normalized: DeviceProfile {
        var profile = self
        profile.name = name.trimmed
        profile.description = description.trimmed
        profile.deviceType = deviceType.trimmed
        profile.model = model?.trimmed
        profile.serialNumber = serialNumber?.trimmed
        profile.macAddress = macAddress.map { Self.macAddress(in: $0) ?? $0 }
        profile.firmwareVersion = firmwareVersion?.trimmed
        profile.location = location?.trimmed
        profile.tags = tags.map(\.trimmed).withoutDuplicates
        profile.sensors = sensors.map(\.trimmed).withoutDuplicates
        return profile
    }

    /// `aa:bb:cc:dd:ee:ff` for six bytes in hexadecimal, separated by colons, hyphens or nothing; nil for anything else.
    static func macAddress(in text: String) -> String? {
        let digits = text.trimmed.lowercased().filter { $0 != ":" && $0 != "-" }
        guard digits.count == 12, digits.allSatisfy(\.isHexDigit) else { return nil }
        let bytes = stride(from: 0, to: 12, by: 2).map { digits.dropFirst($0).prefix(2) }
        return bytes.joined(separator: ":")
    }
}

extension [String] {
    /// Each element once, where it came first.
    fileprivate var withoutDuplicates: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
