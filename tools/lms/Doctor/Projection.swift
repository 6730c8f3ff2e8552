import Kernel
import Postgres

/// A table in which a service keeps what the devices service tells of.
struct Projection: Sendable {
    /// So many differences are looked at.
    static let mostDifferences = 10_000

    /// Who keeps it.
    let keeper: Service
    /// Such as `devices`; the table's name in the schemas of both.
    let kind: String
    /// Selects what differs: the subject of the events that tell of it, and a ``ProjectionDifferences/Kind``.
    let differences: SQL

    /// Every one.
    static let all = [
        devices(
            .readings, kept: "SELECT id, organization_id, project_id FROM readings.devices WHERE NOT is_deleted",
            outdated:
                "(owner.organization_id, owner.project_id) IS DISTINCT FROM (kept.organization_id, kept.project_id)"),
        devices(
            .alerts,
            kept: "SELECT id, organization_id, name, project_id, tags FROM alerts.devices WHERE NOT is_deleted",
            outdated: """
                (owner.organization_id, owner.name, owner.project_id, owner.tags)
                    IS DISTINCT FROM (kept.organization_id, kept.name, kept.project_id, kept.tags)
                """),
        devices(
            .realtime,
            kept: """
                SELECT id, organization_id, name, device_type, project_id, status FROM realtime.devices
                WHERE NOT is_deleted
                """,
            outdated: """
                (owner.organization_id, owner.name, owner.device_type, owner.project_id, owner.status)
                    IS DISTINCT FROM
                    (kept.organization_id, kept.name, kept.device_type, kept.project_id, kept.status)
                """),
        devices(
            .billing, kept: "SELECT id, organization_id FROM billing.devices WHERE deleted_at IS NULL",
            outdated: "owner.organization_id <> kept.organization_id"),
        keys,
    ]

    /// - Parameters:
    ///   - kept: Selects the devices that the projection knows of.
    ///   - outdated: Whether what it knows of a device is not what there is.
    private static func devices(_ keeper: Service, kept: SQL, outdated: SQL) -> Projection {
        Projection(
            keeper: keeper, kind: "devices",
            differences: differences(
                subject: "id::text", owner: "SELECT * FROM devices.devices", kept: kept, key: "id", outdated: outdated))
    }

    /// A key counts until its end.
    private static let keys = Projection(
        keeper: .readings, kind: "keys",
        differences: differences(
            subject: "encode(key_hash, 'hex')",
            owner: """
                SELECT key_hash, organization_id, device_id, expires_at FROM devices.device_keys
                WHERE expires_at IS NULL OR expires_at > now()
                """,
            kept: """
                SELECT key_hash, organization_id, device_id, expires_at FROM readings.keys
                WHERE NOT is_revoked AND (expires_at IS NULL OR expires_at > now())
                """,
            key: "key_hash",
            outdated: """
                (owner.organization_id, owner.device_id, owner.expires_at)
                    IS DISTINCT FROM (kept.organization_id, kept.device_id, kept.expires_at)
                """))

    /// Of organizations that are being deleted each service deletes what it has, at its own pace.
    private static func differences(subject: SQL, owner: SQL, kept: SQL, key: SQL, outdated: SQL) -> SQL {
        """
        SELECT \(subject),
            CASE WHEN kept.organization_id IS NULL THEN 'missing' WHEN owner.organization_id IS NULL THEN 'left over'
                ELSE 'outdated' END
        FROM (\(owner)) AS owner FULL JOIN (\(kept)) AS kept USING (\(key))
        WHERE (owner.organization_id IS NULL OR kept.organization_id IS NULL OR \(outdated))
            AND NOT EXISTS (
                SELECT FROM devices.removals AS removal
                WHERE removal.organization_id = coalesce(owner.organization_id, kept.organization_id))
        ORDER BY \(key) LIMIT \(mostDifferences)
        """
    }
}
