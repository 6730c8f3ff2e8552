import FoundationEssentials
import Identity
import Postgres

/// Which series are asked for; empty lists mean all of the organization.
struct SeriesFilter: Sendable {
    var devices: [UUID] = []
    var sensorTypes: [String] = []
    /// What who asks may see of them.
    var visibility = DeviceVisibility.all

    /// What of `readings.series AS s` it lets through.
    func conditions(_ organization: UUID) -> SQL {
        var conditions: [SQL] = ["s.organization_id = \(organization)"]
        if !devices.isEmpty { conditions.append("s.device_id = ANY(\(devices))") }
        if !sensorTypes.isEmpty { conditions.append("s.sensor_type = ANY(\(sensorTypes))") }
        if visibility != .all {
            conditions.append(
                """
                s.device_id IN (SELECT id FROM readings.devices
                    WHERE organization_id = \(organization) AND NOT is_deleted
                        \(DeviceStore.condition(visibility)))
                """)
        }
        return conditions.joined(separator: " AND ")
    }
}
