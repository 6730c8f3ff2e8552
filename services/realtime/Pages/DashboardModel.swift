import FoundationEssentials
import Kernel
import Postgres

/// What the dashboard's templates read as `page`.
struct DashboardModel {
    struct Device {
        let id: String
        let name: String
        let deviceType: String
        let status: String
        let lastSeen: String?
    }

    struct Alert {
        let severity: String
        let status: String
        let message: String
        let deviceID: String?
        let deviceName: String?
        let time: String
    }

    struct Activity {
        let title: String
        let tone: String
        let detail: String?
        let deviceID: String?
        let deviceName: String?
        let userName: String?
        let time: String
    }

    let hasCharts: Bool
    let devicesOnline: Int
    let deviceCount: Int
    let readingsPerMinute: Int
    let openAlerts: Int
    let criticalAlerts: Int
    let hasCritical: Bool
    let devices: [Device]
    let hasDevices: Bool
    let alerts: [Alert]
    let hasAlerts: Bool
    let activity: [Activity]
    let hasActivity: Bool

    init(_ dashboard: Dashboard, hasCharts: Bool) {
        self.hasCharts = hasCharts
        devicesOnline = dashboard.stats.devicesOnline
        deviceCount = dashboard.stats.devices
        readingsPerMinute = dashboard.stats.readingsPerMinute
        openAlerts = dashboard.stats.openAlerts
        criticalAlerts = dashboard.stats.criticalAlerts
        hasCritical = criticalAlerts > 0
        devices = dashboard.devices.map(Device.init)
        hasDevices = !devices.isEmpty
        alerts = dashboard.alerts.map(Alert.init)
        hasAlerts = !alerts.isEmpty
        activity = dashboard.activity.map(Activity.init)
        hasActivity = !activity.isEmpty
    }
}

extension DashboardModel.Device {
    fileprivate init(_ device: Dashboard.Device) {
        id = device.id.text
        name = device.name
        deviceType = device.deviceType
        status = device.status
        lastSeen = device.lastSeen?.rfc3339
    }
}

extension DashboardModel.Alert {
    fileprivate init(_ alert: Dashboard.Alert) {
        severity = alert.severity
        status = alert.status
        message = alert.message
        deviceID = alert.deviceID?.text
        deviceName = alert.deviceName
        time = alert.triggeredAt.rfc3339
    }
}

extension DashboardModel.Activity {
    fileprivate init(_ activity: Dashboard.Activity) {
        (title, tone) = Self.words(for: activity.type)
        detail = activity.detail.isEmpty ? nil : activity.detail
        deviceID = activity.deviceID?.text
        deviceName = activity.deviceName
        userName = activity.userName
        time = activity.time.rfc3339
    }

    /// An event's type in words, and the class that colours it.
    private static func words(for type: String) -> (title: String, tone: String) {
        switch type {
        case "device.registered": ("Device registered", "info")
        case "device.online": ("Device online", "online")
        case "device.offline": ("Device offline", "offline")
        case "device.status_changed": ("Status changed", "info")
        case "alert.triggered": ("Alert", "active")
        case "alert.acknowledged": ("Alert acknowledged", "acknowledged")
        case "alert.resolved": ("Alert resolved", "resolved")
        case "alert.dismissed": ("Alert dismissed", "resolved")
        case "alert.reopened": ("Alert reopened", "active")
        case "alert.severity_raised": ("Severity raised", "active")
        case "alert.assigned": ("Alert assigned", "info")
        case "alert.commented": ("Comment on an alert", "info")
        case "command.queued": ("Command queued", "pending")
        case "command.succeeded": ("Command succeeded", "succeeded")
        case "command.failed": ("Command failed", "failed")
        default: (type.replacing(".", with: " ").replacing("_", with: " "), "info")
        }
    }
}
