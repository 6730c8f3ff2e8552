import EventBus
import FoundationEssentials

/// What a socket wants to see.
struct Subscription: Sendable, Hashable {
    /// What the socket's path shows.
    var kinds: Set<LiveStream.Kind>
    /// The devices that the user may see; nil for all.
    var visibleDevices: Set<UUID>?
    /// Nil for those of all devices.
    var deviceIDs: Set<UUID>?
    /// Nil for those of all sensors; changes of status and alerts without a sensor are seen in any case.
    var sensorTypes: Set<String>?
    /// At most one reading of each series in this time.
    var minimumInterval: Duration?

    func wants(_ frame: LiveFrame) -> Bool {
        guard kinds.contains(frame.kind) else { return false }
        if let visibleDevices {
            guard let device = frame.deviceID, visibleDevices.contains(device) else { return false }
        }
        if let deviceIDs {
            guard let device = frame.deviceID, deviceIDs.contains(device) else { return false }
        }
        guard let sensorTypes, !frame.sensorType.isEmpty else { return true }
        return sensorTypes.contains(frame.sensorType)
    }
}
