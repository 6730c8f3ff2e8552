/// What has become of a bulk command's devices.
struct BulkProgress: Sendable, Hashable {
    /// Where one device of it is.
    enum State: String, Sendable, CaseIterable {
        /// Its turn has not come.
        case waiting
        /// Its command is at that status.
        case pending, sent, acknowledged, succeeded, failed, expired, cancelled
        /// It has none, as ``BulkCommand/Outcome`` has it.
        case deleted, unsuitable
        case queueFull = "queue_full"
    }

    let bulk: BulkCommand
    /// How many devices are where; a state that none is in may be missing.
    let counts: [State: Int]

    /// Whether nothing will happen to it any more.
    var isDone: Bool {
        !bulk.status.isUnderWay && count(.waiting, .pending, .sent, .acknowledged) == 0
    }

    fileprivate func count(_ states: State...) -> Int {
        states.reduce(0) { $0 + (counts[$1] ?? 0) }
    }
}

extension BulkProgress: Encodable {
    private enum CodingKeys: String, CodingKey {
        case done, totals, skipped
    }

    private enum Total: String, CodingKey {
        case devices, waiting, queued, delivered, succeeded, failed, expired, cancelled, skipped
    }

    private enum Reason: String, CodingKey {
        case deleted, unsuitable
        case queueFull = "queue_full"
    }

    /// The bulk command with how far it is.
    func encode(to encoder: any Encoder) throws {
        try bulk.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isDone, forKey: .done)
        var totals = container.nestedContainer(keyedBy: Total.self, forKey: .totals)
        try totals.encode(counts.values.reduce(0, +), forKey: .devices)
        try totals.encode(count(.waiting), forKey: .waiting)
        try totals.encode(count(.pending), forKey: .queued)
        try totals.encode(count(.sent, .acknowledged), forKey: .delivered)
        try totals.encode(count(.succeeded), forKey: .succeeded)
        try totals.encode(count(.failed), forKey: .failed)
        try totals.encode(count(.expired), forKey: .expired)
        try totals.encode(count(.cancelled), forKey: .cancelled)
        try totals.encode(count(.deleted, .unsuitable, .queueFull), forKey: .skipped)
        var skipped = container.nestedContainer(keyedBy: Reason.self, forKey: .skipped)
        try skipped.encode(count(.deleted), forKey: .deleted)
        try skipped.encode(count(.unsuitable), forKey: .unsuitable)
        try skipped.encode(count(.queueFull), forKey: .queueFull)
    }
}
