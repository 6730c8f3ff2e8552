import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// A maintenance window as a client writes it: once from `starts_at` to `ends_at`, or `recurring`.
struct MaintenanceWindowInput: Decodable, Sendable {
    /// In days.
    static let longest = 366

    let name: String
    let notes: String?
    let scope: RuleScopeDocument?
    let startsAt: Timestamp?
    let endsAt: Timestamp?
    let timeZone: String?
    let recurring: RuleScheduleDocument?

    enum CodingKeys: String, CodingKey {
        case name, notes, scope, recurring
        case timeZone = "time_zone"
        case startsAt = "starts_at"
        case endsAt = "ends_at"
    }

    /// The definition this stands for; it is for all devices unless it says otherwise.
    ///
    /// - Throws: 422 with everything that is wrong.
    func definition(at now: Timestamp) throws -> MaintenanceWindow.Definition {
        var check = Validation()
        check.length(of: name, 1...200, "name")
        check.length(of: notes, 0...2_000, "notes")
        let scope = scope.map { check.scope($0) } ?? .all
        let period = checkedPeriod(at: now, &check)
        if let timeZone { check.zone(timeZone, "time_zone") }
        guard check.errors.isEmpty, let scope, let period else { throw Problem.invalid(check.errors) }
        return MaintenanceWindow.Definition(
            name: name, notes: notes ?? "", scope: scope, period: period, zoneName: timeZone)
    }

    private func checkedPeriod(at now: Timestamp, _ check: inout Validation) -> MaintenanceWindow.Period? {
        if let recurring {
            check.require(startsAt == nil, "starts_at", "has no meaning with recurring")
            check.require(endsAt == nil, "ends_at", "has no meaning with recurring")
            check.require(timeZone == nil, "time_zone", "has no meaning with recurring, which has its own")
            guard let hours = check.hours(recurring, "recurring") else { return nil }
            check.require(
                hours.firstInactive(from: now) != nil, "recurring", "must leave some time without maintenance")
            return .recurring(hours)
        }
        check.require(startsAt != nil, "starts_at", "is required without recurring")
        check.require(endsAt != nil, "ends_at", "is required without recurring")
        guard let startsAt, let endsAt else { return nil }
        check.require(startsAt < endsAt, "ends_at", "must be after the beginning")
        check.require(now < endsAt, "ends_at", "must be in the future")
        check.require(
            endsAt.since(startsAt) <= .seconds(Self.longest * 86_400), "ends_at",
            "must be at most \(Self.longest) days after the beginning")
        return .once(from: startsAt, to: endsAt)
    }
}

/// A maintenance window as it is answered.
struct MaintenanceWindowDocument: Encodable, Sendable {
    let id: String
    let organizationID: String
    let name: String
    let notes: String
    let scope: RuleScopeDocument
    let startsAt: Timestamp?
    let endsAt: Timestamp?
    /// Nil with `recurring`, which has its own.
    let timeZone: String?
    let recurring: RuleScheduleDocument?
    let version: Int
    let createdAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, name, notes, scope, recurring, version
        case organizationID = "organization_id"
        case startsAt = "starts_at"
        case endsAt = "ends_at"
        case timeZone = "time_zone"
        case createdAt = "created_at"
    }

    init(_ window: MaintenanceWindow) {
        id = window.id.text
        organizationID = window.organizationID.text
        name = window.definition.name
        notes = window.definition.notes
        scope = RuleScopeDocument(window.definition.scope)
        switch window.definition.period {
        case .once(let start, let end):
            (startsAt, endsAt, recurring) = (start, end, nil)
            timeZone = window.definition.zoneName ?? "UTC"
        case .recurring(let hours):
            (startsAt, endsAt, recurring) = (nil, nil, RuleScheduleDocument(hours))
            timeZone = nil
        }
        version = window.version
        createdAt = window.createdAt
    }
}
