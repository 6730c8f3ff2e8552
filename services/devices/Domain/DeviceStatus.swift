/// Whether a device is in use, and whether it is heard from: `provisioned → online ⇄ offline`, `error` as the device
/// says, `maintenance` and `disabled` as a person says.
enum DeviceStatus: String, Sendable, Codable, CaseIterable {
    case provisioned, online, offline, maintenance, error, disabled

    /// What changes the status of a device.
    enum Event: Sendable, Hashable {
        /// It was heard from: a heartbeat, a poll, readings.
        case heard
        /// What it says of itself.
        case reported(Report)
        /// It has missed three reading intervals.
        case silent
        /// What a person writes into its `status`.
        case requested(DeviceStatus)
    }

    /// What a device may say of itself.
    enum Report: String, Sendable, Decodable, CaseIterable {
        case online, offline, error
    }

    /// Whether a person has taken the device out of service; then what it says or does changes nothing.
    var isOutOfService: Bool { self == .maintenance || self == .disabled }

    /// The status after `event`.
    func after(_ event: Event) -> DeviceStatus {
        switch event {
        case .requested(let wanted): requested(wanted)
        case _ where isOutOfService: self
        case .heard: self == .error ? .error : .online
        case .reported(.online): .online
        case .reported(.offline): .offline
        case .reported(.error): .error
        case .silent: self == .provisioned ? .provisioned : .offline
        }
    }

    /// A person takes a device out of service and puts it back. Whether one in service is online only the device can
    /// tell, so any other wish changes nothing, and one put back is offline until it is heard from.
    private func requested(_ wanted: DeviceStatus) -> DeviceStatus {
        if wanted.isOutOfService { return wanted }
        return isOutOfService ? .offline : self
    }
}
