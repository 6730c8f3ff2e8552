import Postgres

/// What a device's health is judged by.
struct DeviceFacts: Sendable, Hashable {
    var status: DeviceStatus
    var lastSeen: Timestamp?
    /// Seconds between two readings.
    var readingInterval: Int
    /// Percent.
    var batteryLevel: Double?
    /// Of the last two days, the oldest first.
    var batterySamples: [BatterySample] = []
    /// dBm.
    var wifiSignalStrength: Int?
    /// Entries of the level `error` in the last 24 hours.
    var errorLogs = 0
    /// Entries of the level `critical` in the last 24 hours.
    var criticalLogs = 0
    var configVersion: Int
    /// Whether there is anything to work with in the configuration.
    var hasSettings = true
    var configuredAt: Timestamp
    /// The version that the device says it works with.
    var appliedConfigVersion: Int?
    /// Commands that failed or expired in the last 24 hours.
    var failedCommands = 0
    /// The statuses of the last 30 days, the oldest first.
    var history: [StatusSince] = []
}
