import Postgres

/// For how many days the readings of a device are kept: as long as its organization's plan says, or as somebody has set it
/// for the device, whichever is shorter. Nil is without limit. A plan that has become shorter does not count at once: until
/// then nothing goes by the plan.
///
/// Days are whole ones, UTC: a reading is kept for so many days after the end of its own. So no minute, hour or day of the
/// rollups is cut through.
struct Retention: Encodable, Sendable, Equatable {
    /// What can be set for a device.
    static let settableDays = 1...3650

    /// As set for the device.
    let days: Int?
    /// By which readings go now.
    let planDays: Int?
    /// What the plan has become, while it does not count yet.
    let pending: Pending?

    struct Pending: Sendable, Equatable {
        let planDays: Int
        /// From when on it counts.
        let start: Timestamp
    }

    /// The shorter one, now.
    var effectiveDays: Int? { shorter(planDays) }

    private func shorter(_ planDays: Int?) -> Int? {
        guard let days, let planDays else { return days ?? planDays }
        return min(days, planDays)
    }

    /// What is set has to suit a plan that does not count yet, too.
    ///
    /// - Throws: ``RetentionExceedsPlan``.
    func setting(_ days: Int?) throws(RetentionExceedsPlan) -> Retention {
        if let days, let most = pending?.planDays ?? planDays, days > most {
            throw RetentionExceedsPlan(planDays: most)
        }
        return Retention(days: days, planDays: planDays, pending: pending)
    }

    enum CodingKeys: String, CodingKey {
        case days, pending
        case planDays = "plan_days"
        case effectiveDays = "effective_days"
    }

    enum PendingKeys: String, CodingKey {
        case from
        case planDays = "plan_days"
        case effectiveDays = "effective_days"
    }

    /// Every number stands there, null for none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(days, forKey: .days)
        try container.encode(planDays, forKey: .planDays)
        try container.encode(effectiveDays, forKey: .effectiveDays)
        guard let pending else { return try container.encodeNil(forKey: .pending) }
        var future = container.nestedContainer(keyedBy: PendingKeys.self, forKey: .pending)
        try future.encode(pending.start, forKey: .from)
        try future.encode(pending.planDays, forKey: .planDays)
        try future.encode(shorter(pending.planDays), forKey: .effectiveDays)
    }
}

/// Readings of a device were to be kept for longer than the plan does.
struct RetentionExceedsPlan: Error, Equatable {
    let planDays: Int
}
