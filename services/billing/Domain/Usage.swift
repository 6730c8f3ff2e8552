/// What an organization used on one day, UTC.
struct DailyUsage: Sendable, Hashable {
    /// `2026-11-23`.
    let date: String
    let readings: Int
    /// How many devices it had at some time of the day.
    let devices: Int
    let commands: Int
    let notifications: Int
}

/// What an organization used on some days together.
struct UsageTotals: Sendable, Hashable {
    let readings: Int
    /// The most on any of the days.
    let devices: Int
    let commands: Int
    let notifications: Int

    init(_ days: [DailyUsage]) {
        readings = days.reduce(0) { $0 + $1.readings }
        devices = days.map(\.devices).max() ?? 0
        commands = days.reduce(0) { $0 + $1.commands }
        notifications = days.reduce(0) { $0 + $1.notifications }
    }
}

/// What is counted as it happens.
enum UsageKind: Sendable {
    case commands, notifications
}
