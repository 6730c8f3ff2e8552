import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// How a device does, and why.
struct HealthRoutes: Sendable {
    let health: HealthStore
    let access: DeviceAccess

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/devices/{id}/health", .user(atLeast: .viewer, orGrant: true), use: show)
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<HealthAnswer> {
        let device = try await access.device(context, atLeast: .viewer)
        let now = Timestamp.now
        let facts = try await health.facts(of: device.id, in: device.organizationID, at: now)
        return JSON(HealthAnswer(deviceID: device.id, health: DeviceHealth(facts, at: now)))
    }
}

private struct HealthAnswer: Encodable {
    let deviceID: UUID
    let health: DeviceHealth

    private enum CodingKeys: String, CodingKey {
        case time, score, reasons, status, availability
        case deviceID = "device_id"
        case lastSeen = "last_seen"
        case missedReports = "missed_reports"
        case batteryLevel = "battery_level"
        case batteryRate = "battery_rate"
        case wifiSignalStrength = "wifi_signal_strength"
        case errorLogs = "error_logs"
        case criticalLogs = "critical_logs"
        case configVersion = "config_version"
        case appliedConfigVersion = "applied_config_version"
        case failedCommands = "failed_commands"
    }

    func encode(to encoder: any Encoder) throws {
        let facts = health.facts
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(deviceID.text, forKey: .deviceID)
        try container.encode(health.time, forKey: .time)
        try container.encode(health.score, forKey: .score)
        try container.encode(health.reasons, forKey: .reasons)
        try container.encode(facts.status, forKey: .status)
        try container.encode(facts.lastSeen, forKey: .lastSeen)
        try container.encode(health.missedReports, forKey: .missedReports)
        try container.encode(facts.batteryLevel, forKey: .batteryLevel)
        try container.encode(BatteryTrend(facts.batterySamples)?.rate, forKey: .batteryRate)
        try container.encode(facts.wifiSignalStrength, forKey: .wifiSignalStrength)
        try container.encode(facts.errorLogs, forKey: .errorLogs)
        try container.encode(facts.criticalLogs, forKey: .criticalLogs)
        try container.encode(facts.configVersion, forKey: .configVersion)
        try container.encode(facts.appliedConfigVersion, forKey: .appliedConfigVersion)
        try container.encode(facts.failedCommands, forKey: .failedCommands)
        try container.encode(AvailabilityAnswer(health: health), forKey: .availability)
    }
}

/// Percent; null for a time in which nothing counts.
private struct AvailabilityAnswer: Encodable {
    let health: DeviceHealth

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case day = "24h"
        case week = "7d"
        case month = "30d"

        var hours: Int {
            switch self {
            case .day: 24
            case .week: 7 * 24
            case .month: 30 * 24
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        for period in CodingKeys.allCases {
            try container.encode(health.availability(hours: period.hours), forKey: period)
        }
    }
}
