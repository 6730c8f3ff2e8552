import FoundationEssentials
import Postgres

/// What is known of a device now, as the projection has it.
struct ProfileChange: Sendable {
    let deviceID: UUID
    let organizationID: UUID
    /// Nil for a device that is gone.
    let profile: DeviceProfile?

    /// What ``init(row:)`` reads, in its order.
    static let columns: SQL = """
        id, organization_id, name, project_id, tags, is_deleted, status, status_at, battery_level, battery_at
        """

    init(row: Row) throws {
        (deviceID, organizationID) = (try row.decode(at: 0), try row.decode(at: 1))
        guard try !row.decode(Bool.self, at: 5) else {
            profile = nil
            return
        }
        let status: (String?, Timestamp?) = (try row.decode(at: 6), try row.decode(at: 7))
        let battery: (Double?, Timestamp?) = (try row.decode(at: 8), try row.decode(at: 9))
        profile = DeviceProfile(
            attributes: DeviceAttributes(
                name: try row.decode(at: 2), projectID: try row.decode(at: 3), tags: try row.decode(at: 4)),
            condition: status.0.flatMap { name in
                status.1.map { DeviceProfile.Condition(isOffline: name == "offline", time: $0) }
            },
            battery: battery.0.flatMap { level in battery.1.map { DeviceProfile.Battery(level: level, time: $0) } })
    }
}

/// What there is to follow of the projection of devices.
struct ProfileFeed: Sendable {
    let database: PostgresClient

    /// What has changed since, and from when on to ask next: what was under way is answered once more.
    ///
    /// - Parameter since: What was answered the last time; nil for nothing but where to begin.
    /// - Throws: `PostgresError`, `DecodingFailure`.
    func changes(since: Int?) async throws -> (changes: [ProfileChange], next: Int) {
        // The second statement sees all that was committed when the first one looked.
        let results = try await database.batch(
            [
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
                "SELECT \(ProfileChange.columns) FROM alerts.devices WHERE changed >= \(since ?? .max)",
            ], as: .platform)
        guard let next = results.first, let rows = results.last else { return ([], since ?? 0) }
        return (try rows.map(ProfileChange.init(row:)), try next.only { try $0.decode(Int.self, at: 0) })
    }
}
