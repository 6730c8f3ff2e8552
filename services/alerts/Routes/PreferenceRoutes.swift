import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/alerts/preferences`: what the caller wants to be told in the active organization.
struct PreferenceRoutes: Sendable {
    let preferences: PreferenceStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/alerts/preferences", .user(atLeast: .viewer), use: show)
        routes.put("/api/v1/alerts/preferences", .user(atLeast: .viewer), use: replace)
    }

    @Sendable private func show(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<PreferencesDocument> {
        let (found, version) = try await preferences.find(context.user.id, in: context.organizationID)
        return JSON(PreferencesDocument(email: MailPreferencesDocument(found)), version: version)
    }

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<PreferencesDocument> {
        let wanted = try await request.decode(as: PreferencesInput.self, context: context).checked(at: .now)
        let version = try await preferences.replace(
            wanted, ifVersions: request.versionsToMatch, by: context.user, in: context.organizationID)
        return JSON(PreferencesDocument(email: MailPreferencesDocument(wanted)), version: version)
    }
}

extension PreferenceStore {
    /// Replaces the caller's own preferences, by the API and by the pages alike.
    ///
    /// - Parameter ifVersions: The versions of which they must have one; nil: any will do.
    /// - Returns: The new version.
    /// - Throws: 412.
    func replace(
        _ wanted: MailPreferences, ifVersions allowed: Set<Int>?, by user: UserPrincipal, in organization: UUID
    ) async throws -> Int {
        let document = PreferencesDocument(email: MailPreferencesDocument(wanted))
        return try await database.withTransaction(as: .organization(organization)) { transaction in
            let current = try await lock(user.id, in: organization, transaction)
            guard allowed?.contains(current) ?? true else { throw Problem.preconditionFailed() }
            let version = try await update(user.id, to: wanted, in: organization, transaction)
            try await transaction.query(
                AuditEntry("alert_preferences.updated", of: user.id, in: organization, by: user, data: document).insert)
            return version
        }
    }
}

/// A member's preferences as they are answered.
struct PreferencesDocument: Encodable, Sendable {
    let email: MailPreferencesDocument
}

/// A member's preferences as a client writes them; what is left out is as by default.
struct PreferencesInput: Decodable {
    struct Email: Decodable {
        let enabled: Bool?
        let minimumSeverity: String?
        let quietHours: QuietHours?
        let exceptCritical: Bool?

        enum CodingKeys: String, CodingKey {
            case enabled
            case minimumSeverity = "minimum_severity"
            case quietHours = "quiet_hours"
            case exceptCritical = "except_critical"
        }
    }

    struct QuietHours: Decodable {
        let timeZone: String
        let from: String
        let to: String
        /// Nil for every day.
        let days: [String]?

        enum CodingKeys: String, CodingKey {
            case from, to, days
            case timeZone = "time_zone"
        }
    }

    let email: Email

    /// - Throws: 422 with everything that is wrong.
    func checked(at now: Timestamp) throws -> MailPreferences {
        var check = Validation()
        let severity = Severity(rawValue: email.minimumSeverity ?? Severity.low.rawValue)
        check.require(
            severity != nil, "email.minimum_severity",
            "must be one of \(Severity.allCases.map(\.rawValue).listed)")
        let hours = email.quietHours.flatMap { hours in
            let days = hours.days ?? RuleSchedule.Weekday.allCases.map(\.rawValue)
            let document = RuleScheduleDocument(timeZone: hours.timeZone, days: days, from: hours.from, to: hours.to)
            return check.hours(document, "email.quiet_hours")
        }
        if let hours {
            check.require(
                hours.firstInactive(from: now) != nil, "email.quiet_hours", "must leave some time that is not quiet")
        }
        guard check.errors.isEmpty, let severity else { throw Problem.invalid(check.errors) }
        return MailPreferences(
            isEnabled: email.enabled ?? true, minimumSeverity: severity, quietHours: hours,
            exceptCritical: email.exceptCritical ?? true)
    }
}
