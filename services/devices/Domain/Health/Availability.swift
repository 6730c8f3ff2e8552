import Postgres

/// A status, and since when a device had it: until its next one.
struct StatusSince: Sendable, Hashable {
    let status: DeviceStatus
    let since: Timestamp
}

/// For how much of a time a device was there.
enum Availability {
    /// Percent, cut off behind the second decimal, so that 100 is all of the time.
    ///
    /// A device counts from when it is known, and does not while a person has it out of service.
    ///
    /// - Parameter history: The oldest first.
    /// - Returns: Nil when none of the time counts.
    static func percent(of history: [StatusSince], from start: Timestamp, to end: Timestamp) -> Double? {
        // Microseconds.
        var (there, counted): (Int64, Int64) = (0, 0)
        for (index, entry) in history.enumerated() where !entry.status.isOutOfService {
            let next = history.indices.contains(index + 1) ? history[index + 1].since : end
            let (from, to) = (max(entry.since, start), min(next, end))
            guard from < to else { continue }
            counted += to.microseconds - from.microseconds
            if entry.status.isThere { there += to.microseconds - from.microseconds }
        }
        guard counted > 0 else { return nil }
        return Double(there * 10_000 / counted) / 100
    }
}

extension DeviceStatus {
    /// Whether the device is heard from, well or not.
    fileprivate var isThere: Bool {
        switch self {
        case .online, .error: true
        case .provisioned, .offline, .maintenance, .disabled: false
        }
    }
}
