import Postgres

/// For how many days the readings of a device are kept: as long as its organization's plan says, or as somebody has set it
/// for the device, whichever is shorter. Nil is without limit.
///
/// Days are whole ones, UTC: a reading is kept for so many days after the end of its own. So no minute, hour or day of the
/// rollups is cut through.
struct Retention: Encodable, Sendable, Equatable {
    /// What can be set for a device.
    static let settableDays = 1...3650

    /// As set for the device.
    let days: Int?
    let planDays: Int?

    /// The shorter one.
    var effectiveDays: Int? {
        guard let days, let planDays else { return days ?? planDays }
        return min(days, planDays)
    }

    /// - Throws: ``RetentionExceedsPlan``.
    func setting(_ days: Int?) throws(RetentionExceedsPlan) -> Retention {
        if let days, let planDays, days > planDays { throw RetentionExceedsPlan(planDays: planDays) }
        return Retention(days: days, planDays: planDays)
    }

    enum CodingKeys: String, CodingKey {
        case days
        case planDays = "plan_days"
        case effectiveDays = "effective_days"
    }

    /// Every number stands there, null for none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(days, forKey: .days)
        try container.encode(planDays, forKey: .planDays)
        try container.encode(effectiveDays, forKey: .effectiveDays)
    }
}

/// Readings of a device were to be kept for longer than the plan does.
struct RetentionExceedsPlan: Error, Equatable {
    let planDays: Int
}
