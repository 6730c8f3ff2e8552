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
    let recurring: RuleScheduleDocument?

    enum CodingKeys: String, CodingKey {
        case name, notes, scope, recurring
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
        guard check.errors.isEmpty, let scope, let period else { throw Problem.invalid(check.errors) }
        return MaintenanceWindow.Definition(name: name, notes: notes ?? "", scope: scope, period: period)
    }

    private func checkedPeriod(at now: Timestamp, _ check: inout Validation) -> MaintenanceWindow.Period? {
        if let recurring {
            check.require(startsAt == nil, "starts_at", "has no meaning with recurring")
            check.require(endsAt == nil, "ends_at", "has no meaning with recurring")
            return check.hours(recurring, "recurring").map(MaintenanceWindow.Period.recurring)
        }
        check.require(startsAt != nil, "starts_at", "is required without recurring")
        check.require(endsAt != nil, "ends_at", "is required without recurring")
        guard let startsAt, let endsAt else { return nil }
        check.require(startsAt < endsAt, "ends_at", "must be after starts_at")
        check.require(now < endsAt, "ends_at", "must be in the future")
        check.require(
            endsAt.since(startsAt) <= .seconds(Self.longest * 86_400), "ends_at",
            "must be at most \(Self.longest) days after starts_at")
        return .once(from: startsAt, to: endsAt)
    }
}

extension Validation {
    /// A scope must be exactly one of the kinds there are, and bounded.
    ///
    /// - Returns: Nil where there is none to make.
    mutating func scope(_ document: RuleScopeDocument) -> RuleScope? {
        guard let scope = document.scope else {
            reject("scope", "must have exactly one of all (true), device_ids (UUIDs), tags and project_id (a UUID)")
            return nil
        }
        count(of: document.deviceIDs, 1...1_000, "scope.device_ids")
        count(of: document.tags, 1...100, "scope.tags")
        for tag in document.tags ?? [] { length(of: tag, 1...100, "scope.tags") }
        return scope
    }

    /// Hours must lie in a time zone that there is, on some day, and have a length.
    ///
    /// - Returns: Nil where there are none to make.
    mutating func hours(_ document: RuleScheduleDocument, _ field: String) -> RuleSchedule? {
        let days = RuleSchedule.Weekday.allCases.map(\.rawValue)
        let isZone = TimeZoneName(document.timeZone) != nil && document.zone != nil
        require(isZone, "\(field).time_zone", "must be a name of the IANA time zone database")
        count(of: document.days, 1...days.count, "\(field).days")
        require(
            document.days.allSatisfy(days.contains), "\(field).days", "must be of \(days.joined(separator: ", "))")
        let (from, to) = (RuleScheduleDocument.minute(document.from), RuleScheduleDocument.minute(document.to))
        require(from.map { $0 < 24 * 60 } ?? false, "\(field).from", "must be a time of day as HH:MM")
        require(to != nil, "\(field).to", "must be a time of day as HH:MM, or 24:00")
        require(from == nil || from != to, "\(field).to", "must not be the same as from")
        return document.schedule
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
    let recurring: RuleScheduleDocument?
    let version: Int
    let createdAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, name, notes, scope, recurring, version
        case organizationID = "organization_id"
        case startsAt = "starts_at"
        case endsAt = "ends_at"
        case createdAt = "created_at"
    }

    init(_ window: MaintenanceWindow) {
        id = window.id.text
        organizationID = window.organizationID.text
        name = window.definition.name
        notes = window.definition.notes
        scope = RuleScopeDocument(window.definition.scope)
        switch window.definition.period {
        case .once(let start, let end): (startsAt, endsAt, recurring) = (start, end, nil)
        case .recurring(let hours): (startsAt, endsAt, recurring) = (nil, nil, RuleScheduleDocument(hours))
        }
        version = window.version
        createdAt = window.createdAt
    }
}
