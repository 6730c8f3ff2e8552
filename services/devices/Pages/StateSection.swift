import Foundation
import HTTPKit
import Postgres

/// How a device does, which `device_state.mustache` shows.
struct StateSection: Sendable {
    struct Reason: Sendable {
        let detail: String
        let points: Int
    }

    let status: String
    let lastSeen: Moment?
    /// Such as the battery's level, as the device said last.
    let facts: [DevicePage.Fact]
    /// From 100, at which nothing is wrong, down to 0.
    let score: Int
    /// The class of the score's badge.
    let tone: String
    let reasons: [Reason]
    let hasReasons: Bool

    init(_ health: DeviceHealth, _ device: Device) {
        status = device.status.rawValue
        lastSeen = device.lastSeen.map(Moment.init)
        score = health.score
        tone =
            switch health.score {
            case 80...: "online"
            case 50..<80: "warning"
            default: "critical"
            }
        reasons = health.reasons.map { Reason(detail: $0.detail, points: $0.points) }
        hasReasons = !reasons.isEmpty
        let lines: [(title: String, value: String?)] = [
            ("Battery", device.batteryLevel.map { "\(Int($0.rounded())) %" }),
            ("Signal", device.wifiSignalStrength.map { "\($0) dBm" }),
            ("Firmware", device.profile.firmwareVersion),
            ("Running for", device.uptime.map { Self.duration(seconds: $0) }),
            ("Available in 24 h", Self.percent(health.availability(hours: 24))),
            ("Available in 30 days", Self.percent(health.availability(hours: 30 * 24))),
        ]
        facts = lines.compactMap { title, value in value.map { DevicePage.Fact(title: title, value: $0) } }
    }

    private static func percent(_ value: Double?) -> String? {
        value.map { String(format: "%.2f %%", $0) }
    }

    /// The two largest units of a time.
    private static func duration(seconds: Int) -> String {
        switch seconds {
        case 86_400...: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        case 3600...: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        case 60...: "\(seconds / 60) min \(seconds % 60) s"
        default: "\(seconds) s"
        }
    }
}
