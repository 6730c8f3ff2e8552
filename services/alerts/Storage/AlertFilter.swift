import FoundationEssentials
import Identity
import Postgres

/// Which alerts a list is of; an empty filter takes all.
struct AlertFilter: Sendable {
    var severities: [Severity] = []
    var statuses: [AlertStatus] = []
    var deviceIDs: [UUID] = []
    var ruleIDs: [UUID] = []
    var assigneeIDs: [UUID] = []
    /// Those that began then or later.
    var start: Timestamp?
    /// Those that began before.
    var end: Timestamp?
    /// The devices that who asks may see.
    var visibility = DeviceVisibility.all

    /// `AND …`.
    var condition: SQL {
        var conditions: [SQL] = []
        if !severities.isEmpty { conditions.append("AND severity = ANY(\(severities.map(\.rawValue)))") }
        if !statuses.isEmpty { conditions.append("AND status = ANY(\(statuses.map(\.rawValue)))") }
        if !deviceIDs.isEmpty { conditions.append("AND device_id = ANY(\(deviceIDs))") }
        if !ruleIDs.isEmpty { conditions.append("AND rule_id = ANY(\(ruleIDs))") }
        if !assigneeIDs.isEmpty { conditions.append("AND assigned_to = ANY(\(assigneeIDs))") }
        if let start { conditions.append("AND triggered_at >= \(start)") }
        if let end { conditions.append("AND triggered_at < \(end)") }
        conditions.append(visibility.condition)
        return conditions.joined(separator: " ")
    }
}

extension DeviceVisibility {
    /// `AND …` for the alerts of the devices that somebody may see; row security keeps the projection to the organization.
    var condition: SQL {
        switch self {
        case .all: ""
        case .only(let devices, let projects):
            """
            AND (device_id = ANY(\(devices))
                OR device_id IN (SELECT id FROM alerts.devices WHERE project_id = ANY(\(projects))))
            """
        }
    }
}
