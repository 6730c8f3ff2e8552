import FoundationEssentials
import Identity
import Postgres

/// The projection of devices and their keys, as the devices service tells of them.
struct DeviceStore: Sendable {
    private let database: PostgresClient

    init(database: PostgresClient) {
        self.database = database
    }

    /// Whether the organization has the device, and who asks may see it.
    ///
    /// - Throws: `PostgresError`.
    func contains(_ device: UUID, visibleBy visibility: DeviceVisibility, organization: UUID) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT 1 FROM readings.devices
            WHERE id = \(device) AND organization_id = \(organization) AND NOT is_deleted
                \(Self.condition(visibility))
            """, as: .organization(organization))
        return !rows.isEmpty
    }

    /// Whether the organization has the device, or had it before it was deleted.
    ///
    /// - Throws: `PostgresError`.
    func hasHad(_ device: UUID, organization: UUID) async throws -> Bool {
        let rows = try await database.query(
            "SELECT 1 FROM readings.devices WHERE id = \(device) AND organization_id = \(organization)",
            as: .organization(organization))
        return !rows.isEmpty
    }

    /// Those of the devices that the organization has, each with its project.
    ///
    /// - Throws: `PostgresError`.
    func projects(of devices: [UUID], organization: UUID) async throws -> [UUID: UUID?] {
        let rows = try await database.query(
            """
            SELECT id, project_id FROM readings.devices
            WHERE id = ANY(\(devices)) AND organization_id = \(organization) AND NOT is_deleted
            """, as: .organization(organization))
        return try rows.reduce(into: [:]) { projects, row in
            let (device, project) = try row.decode(UUID.self, UUID?.self)
            projects.updateValue(project, forKey: device)
        }
    }

    /// `AND …` for the devices that somebody may see.
    static func condition(_ visibility: DeviceVisibility) -> SQL {
        switch visibility {
        case .all: ""
        case .only(let devices, let projects): "AND (id = ANY(\(devices)) OR project_id = ANY(\(projects)))"
        }
    }

    /// What is known of a key; nil for one that the events have not told of yet.
    ///
    /// - Throws: `PostgresError`.
    func key(_ hash: SecretHash) async throws -> KnownKey? {
        let rows = try await database.query(
            """
            SELECT device_id, organization_id, expires_at, is_revoked FROM readings.keys
            WHERE key_hash = \(hash.bytes)
            """, as: .platform)
        guard let row = rows.first else { return nil }
        let (device, organization, expiry, isRevoked) = try row.decode(
            UUID.self, UUID.self, Timestamp?.self, Bool.self)
        if isRevoked { return .revoked }
        return .valid(
            DevicePrincipal(id: device, organizationID: organization, keyHash: hash, expiresAt: expiry.map(Date.init)))
    }

    enum KnownKey: Sendable {
        case valid(DevicePrincipal)
        case revoked
    }

    // MARK: Applying events

    /// Keeps the newest version, also of a deletion, so that a late update revives nothing.
    func upsert(
        _ device: UUID, organization: UUID, project: UUID?, readingInterval: Int?, version: Int, isDeleted: Bool
    ) -> SQL {
        """
        INSERT INTO readings.devices (id, organization_id, project_id, reading_interval, version, is_deleted)
        VALUES (\(device), \(organization), \(project), \(readingInterval.map(Int32.init(clamping:))), \(version),
            \(isDeleted))
        ON CONFLICT (id) DO UPDATE SET
            project_id = excluded.project_id, reading_interval = excluded.reading_interval,
            version = excluded.version, is_deleted = excluded.is_deleted
        WHERE excluded.version > devices.version
        """
    }

    /// Keeps the newest version; a key that was revoked stays so.
    func upsertKey(
        _ hash: [UInt8], device: UUID, organization: UUID, expiresAt: Timestamp?, version: Int
    ) -> SQL {
        """
        INSERT INTO readings.keys (key_hash, device_id, organization_id, expires_at, version)
        VALUES (\(hash), \(device), \(organization), \(expiresAt), \(version))
        ON CONFLICT (key_hash) DO UPDATE SET expires_at = excluded.expires_at, version = excluded.version
        WHERE excluded.version > keys.version
        """
    }

    func revokeKey(_ hash: [UInt8], device: UUID, organization: UUID, version: Int) -> SQL {
        """
        INSERT INTO readings.keys (key_hash, device_id, organization_id, is_revoked, version)
        VALUES (\(hash), \(device), \(organization), true, \(version))
        ON CONFLICT (key_hash) DO UPDATE SET is_revoked = true, version = greatest(keys.version, excluded.version)
        """
    }

    func revokeKeys(of device: UUID) -> SQL {
        "UPDATE readings.keys SET is_revoked = true WHERE device_id = \(device)"
    }
}

extension Date {
    /// The same instant, to the precision of a `Double` of seconds.
    init(_ timestamp: Timestamp) {
        self.init(timeIntervalSince1970: Double(timestamp.microseconds) / 1_000_000)
    }
}
