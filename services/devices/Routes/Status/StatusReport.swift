import FoundationEssentials
import HTTPKit
import Postgres

/// The body of a device's report on itself; a heartbeat may leave out all of it.
struct StatusReport: Sendable, Decodable {
    var status: DeviceStatus.Report?
    /// Percent.
    var batteryLevel: Double?
    /// dBm.
    var wifiSignalStrength: Int?
    var firmwareVersion: String?
    /// Seconds since its start.
    var uptime: Int?
    /// The version of the configuration that it works with.
    var configVersion: Int?

    enum CodingKeys: String, CodingKey {
        case status
        case batteryLevel = "battery_level"
        case wifiSignalStrength = "wifi_signal_strength"
        case firmwareVersion = "firmware_version"
        case uptime = "uptime_s"
        case configVersion = "config_version"
    }

    /// The report as a sign of life.
    ///
    /// - Throws: 422 with the fields at fault.
    func sign(of device: UUID, at time: Timestamp = .now) throws -> SignOfLife {
        try validate { check in
            check.range(of: batteryLevel, 0...100, "battery_level")
            check.range(of: wifiSignalStrength, -200...100, "wifi_signal_strength")
            check.length(of: firmwareVersion, 1...100, "firmware_version")
            check.range(of: uptime, 0...4_294_967_295, "uptime_s")
            check.range(of: configVersion, 1...9_007_199_254_740_991, "config_version")
        }
        return SignOfLife(
            deviceID: device, time: time, status: status, batteryLevel: batteryLevel,
            wifiSignalStrength: wifiSignalStrength, firmwareVersion: firmwareVersion, uptime: uptime)
    }
}
