import FoundationEssentials
import Identity
import Postgres

/// Which series are asked for; empty lists mean all of the organization.
struct SeriesFilter: Sendable {
    var devices: [UUID] = []
    /// Of their devices.
    var projects: [UUID] = []
    var sensorTypes: [String] = []
    /// What who asks may see of them.
    var visibility = DeviceVisibility.all

    /// What of `readings.series AS s` it lets through.
    func conditions(_ organization: UUID) -> SQL {
        var conditions: [SQL] = ["s.organization_id = \(organization)"]
        if !devices.isEmpty { conditions.append("s.device_id = ANY(\(devices))") }
        if !sensorTypes.isEmpty { conditions.append("s.sensor_type = ANY(\(sensorTypes))") }
        if visibility != .all || !projects.isEmpty {
            conditions.append(
                "s.device_id IN (SELECT id FROM readings.devices WHERE \(deviceConditions(organization)))")
        }
        return conditions.joined(separator: " AND ")
    }

    /// What of `readings.devices` it lets through, whether or not they have series.
    func deviceConditions(_ organization: UUID) -> SQL {
        var conditions: [SQL] = ["organization_id = \(organization)", "NOT is_deleted"]
        if !devices.isEmpty { conditions.append("id = ANY(\(devices))") }
        if !projects.isEmpty { conditions.append("project_id = ANY(\(projects))") }
        return conditions.joined(separator: " AND ") + " \(DeviceStore.condition(visibility))"
    }
}
