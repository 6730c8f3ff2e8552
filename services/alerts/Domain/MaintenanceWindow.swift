import FoundationEssentials
import Postgres

/// A time in which some devices are worked at, so that their readings raise no alerts.
struct MaintenanceWindow: Sendable, Hashable {
    enum Period: Sendable, Hashable {
        /// From one time up to, but without, another.
        case once(from: Timestamp, to: Timestamp)
        /// In these hours of the week.
        case recurring(RuleSchedule)

        func contains(_ time: Timestamp) -> Bool {
            switch self {
            case .once(let start, let end): start <= time && time < end
            case .recurring(let hours): hours.isActive(at: time)
            }
        }

        /// When a period that contains the time is over.
        ///
        /// - Returns: nil where it never is.
        func end(after time: Timestamp) -> Timestamp? {
            switch self {
            case .once(_, let end): end
            case .recurring(let hours): hours.firstInactive(from: time)
            }
        }
    }

    /// What a window says, as somebody wrote it.
    struct Definition: Sendable, Hashable {
        var name: String
        var notes: String
        var scope: RuleScope
        var period: Period
        /// The time zone in whose local times a window that is in force once is shown; nil: UTC.
        var zoneName: String?
    }

    let id: UUID
    let organizationID: UUID
    let definition: Definition
    let version: Int
    let createdAt: Timestamp

    /// Whether the device is worked at then.
    ///
    /// - Parameter attributes: Nil for a device that is not known, which no tag or project covers.
    func covers(_ device: UUID, _ attributes: DeviceAttributes?, at time: Timestamp) -> Bool {
        definition.scope.includes(device, attributes) && definition.period.contains(time)
    }
}

extension RuleScope {
    /// Whether the device is one of those that the scope names.
    ///
    /// - Parameter attributes: Nil for a device that is not known, which no tag or project includes.
    func includes(_ device: UUID, _ attributes: DeviceAttributes?) -> Bool {
        switch self {
        case .all: true
        case .devices(let devices): devices.contains(device)
        case .tags(let tags): attributes.map { !tags.isDisjoint(with: $0.tags) } ?? false
        case .project(let project): attributes?.projectID == project
        }
    }
}

/// The maintenance windows of one organization.
struct MaintenanceCalendar: Sendable, Hashable {
    private let windows: [MaintenanceWindow]

    /// - Parameter windows: Those that may be in force at the times that are asked for.
    init(_ windows: [MaintenanceWindow]) {
        self.windows = windows
    }

    static let empty = MaintenanceCalendar([])

    /// Whether a device is worked at then, so that no alert begins.
    ///
    /// - Parameter attributes: Nil for a device that is not known.
    func isSuppressed(device: UUID, attributes: DeviceAttributes?, at time: Timestamp) -> Bool {
        windows.contains { $0.covers(device, attributes, at: time) }
    }

    /// The windows that cover a device, whenever they do.
    ///
    /// - Parameter attributes: Nil for a device that is not known.
    func windows(of device: UUID, _ attributes: DeviceAttributes?) -> [MaintenanceWindow] {
        windows.filter { $0.definition.scope.includes(device, attributes) }
    }
}
