import DequeModule
import FoundationEssentials
import Postgres

/// A device was heard from, and what it said of itself.
struct SignOfLife: Sendable, Hashable {
    let deviceID: UUID
    /// When it was heard from last.
    var time: Timestamp
    /// What it says its status is; nil when it was just heard from.
    var status: DeviceStatus.Report?
    /// Percent.
    var batteryLevel: Double?
    /// dBm.
    var wifiSignalStrength: Int?
    var firmwareVersion: String?
    /// Seconds since its start.
    var uptime: Int?

    /// Adds what was heard later.
    mutating func merge(_ later: SignOfLife) {
        time = max(time, later.time)
        status = later.status ?? status
        batteryLevel = later.batteryLevel ?? batteryLevel
        wifiSignalStrength = later.wifiSignalStrength ?? wifiSignalStrength
        firmwareVersion = later.firmwareVersion ?? firmwareVersion
        uptime = later.uptime ?? uptime
    }
}

/// Gathers signs of life, so that a device costs at most one row written per interval.
///
/// The first sign of a device is due at once, and so is one with another status than the device said before; the others
/// wait until the interval has passed since the device was last written. What is due is found without a look at what is
/// not, since there may be as many devices as there are.
struct LivenessBuffer {
    /// The least time between two writes of one device.
    static let interval = Duration.seconds(10)

    private struct Entry {
        var pending: SignOfLife?
        var dueAt: ContinuousClock.Instant
        var status: DeviceStatus.Report?
    }

    private var entries: [UUID: Entry] = [:]
    /// The devices that are due at once.
    private var urgent: [UUID] = []
    /// The devices that have been written, and when they are due; in that order, since the interval is the same for all.
    private var written: Deque<(device: UUID, dueAt: ContinuousClock.Instant)> = []

    /// Adds a sign; whether it is due at once.
    mutating func note(_ sign: SignOfLife, at now: ContinuousClock.Instant) -> Bool {
        guard var entry = entries[sign.deviceID] else {
            entries[sign.deviceID] = Entry(pending: sign, dueAt: now, status: sign.status)
            urgent.append(sign.deviceID)
            return true
        }
        if let status = sign.status, status != entry.status {
            entry.status = status
            entry.dueAt = now
            urgent.append(sign.deviceID)
        }
        if entry.pending == nil { entry.pending = sign } else { entry.pending?.merge(sign) }
        entries[sign.deviceID] = entry
        return entry.dueAt <= now
    }

    /// Hands out what is due, and forgets the devices that had nothing to say for an interval.
    mutating func takeDue(at now: ContinuousClock.Instant) -> [SignOfLife] {
        var due = urgent
        urgent = []
        while let next = written.first, next.dueAt <= now {
            written.removeFirst()
            // Otherwise it was written again meanwhile, and stands here once more.
            if entries[next.device]?.dueAt == next.dueAt { due.append(next.device) }
        }
        return due.compactMap { take($0, at: now) }
    }

    /// The sign of a device that is due; nil when it had nothing to say, or stood there twice.
    private mutating func take(_ device: UUID, at now: ContinuousClock.Instant) -> SignOfLife? {
        guard let entry = entries[device], entry.dueAt <= now else { return nil }
        guard let sign = entry.pending else {
            entries[device] = nil
            return nil
        }
        let dueAt = now.advanced(by: Self.interval)
        entries[device] = Entry(pending: nil, dueAt: dueAt, status: entry.status)
        written.append((device, dueAt))
        return sign
    }

    /// Takes back what could not be written, to be due again at once. What came meanwhile is newer, and the status that a
    /// device said last is remembered also where none of these signs is of one.
    mutating func putBack(_ signs: [SignOfLife], at now: ContinuousClock.Instant) {
        for sign in signs {
            let entry = entries[sign.deviceID]
            var merged = sign
            if let later = entry?.pending { merged.merge(later) }
            entries[sign.deviceID] = Entry(pending: merged, dueAt: now, status: merged.status ?? entry?.status)
            urgent.append(sign.deviceID)
        }
    }
}
