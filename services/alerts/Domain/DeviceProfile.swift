import Postgres

/// What is known of a device besides its readings.
struct DeviceProfile: Sendable, Hashable {
    /// What changes seldom, and seldom by itself.
    struct Condition: Sendable, Hashable {
        let isOffline: Bool
        /// Since when it has been that.
        let time: Timestamp
    }

    struct Battery: Sendable, Hashable {
        /// In percent.
        let level: Double
        let time: Timestamp
    }

    var attributes: DeviceAttributes
    var condition: Condition?
    var battery: Battery?

    /// Whether rules may find something in it though no readings come: those there are, or that are made later.
    var isTelling: Bool { condition?.isOffline == true || battery != nil }
}
