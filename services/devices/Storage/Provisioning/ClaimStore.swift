import FoundationEssentials
import Postgres

/// The codes by which people take devices out of the pool, and who did.
struct ClaimStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger
    let devices: DeviceStore

    /// Gives the device a code in the place of the one it had.
    ///
    /// - Parameter asDevice: Whether the device asks for itself, which it may until it has been claimed.
    /// - Returns: When the code ends.
    /// - Throws: ``ClaimError/claimedAlready``.
    func issue(
        _ code: ClaimCode, for device: Device, asDevice: Bool, _ cause: Cause, _ transaction: Transaction
    ) async throws -> Timestamp {
        let organization = device.organizationID
        let end = Timestamp.now.adding(ClaimCode.lifetime)
        // A claim that is under way holds the code's row, so this waits for it and then sees the claim.
        let issued = try await transaction.query(
            """
            INSERT INTO devices.claim_codes AS known (device_id, organization_id, code_hash, expires_at)
            VALUES (\(device.id), \(organization), \(code.hash(in: organization).bytes), \(end))
            ON CONFLICT (device_id) DO UPDATE
            SET code_hash = excluded.code_hash, expires_at = excluded.expires_at, used_by = NULL
            WHERE NOT \(asDevice) OR known.used_by IS NULL
            """)
        guard issued.affectedRows == 1 else { throw ClaimError.claimedAlready }
        if asDevice {
            let claims = try await transaction.query(
                "SELECT 1 FROM devices.claims WHERE organization_id = \(organization) AND device_id = \(device.id)")
            guard claims.isEmpty else { throw ClaimError.claimedAlready }
        }
        try await transaction.query(try ledger.gaveClaimCode(device, until: end, cause))
        return end
    }

    /// Gives the device that shows `code` to a person, and into a project where one is named. The same person with the
    /// same code again is answered the same.
    ///
    /// A wrong code is counted, and commits for that; a right one takes its count back.
    ///
    /// - Throws: ``ClaimError``, ``DeviceError/unknownProject(field:)``.
    func claim(
        _ code: ClaimCode, into project: UUID?, by user: UUID, in organization: UUID, _ cause: Cause
    ) async throws -> Device {
        let device = try await database.withTransaction(as: .organization(organization)) { transaction -> Device? in
            let guesses = try await guess(by: user, in: organization, transaction)
            if let wait = guesses.wait(at: .now) { throw ClaimError.tooManyGuesses(retryAfter: wait) }
            guard let (id, holder) = try await find(code, in: organization, transaction),
                holder == nil || holder == user
            else { return nil }
            let device = try await devices.update(id, in: organization, cause, transaction) { device in
                var profile = device.profile
                if holder == nil, let project { profile.projectID = project }
                return (profile, device.status)
            }
            var statements = [Self.takeBackGuess(by: user, in: organization)]
            if holder == nil { statements += try note(user, has: device, cause) }
            try await transaction.batch(statements)
            return device
        }
        guard let device else { throw ClaimError.unknownCode }
        return device
    }

    // MARK: Parts

    private func find(
        _ code: ClaimCode, in organization: UUID, _ transaction: Transaction
    ) async throws -> (device: UUID, holder: UUID?)? {
        let rows = try await transaction.query(
            """
            SELECT device_id, used_by FROM devices.claim_codes
            WHERE organization_id = \(organization) AND code_hash = \(code.hash(in: organization).bytes)
                AND expires_at > now()
            FOR UPDATE
            """)
        return try rows.first?.decode(UUID.self, UUID?.self)
    }

    private func note(_ user: UUID, has device: Device, _ cause: Cause) throws -> [SQL] {
        [
            """
            UPDATE devices.claim_codes SET used_by = \(user)
            WHERE organization_id = \(device.organizationID) AND device_id = \(device.id)
            """,
            """
            INSERT INTO devices.claims (device_id, organization_id, claimed_by)
            VALUES (\(device.id), \(device.organizationID), \(user))
            ON CONFLICT (device_id) DO UPDATE SET claimed_by = excluded.claimed_by, claimed_at = now()
            """,
            try ledger.claimed(device, by: user, cause),
        ]
    }

    /// Counts a guess before it is known whether it is right; the row stays locked, so that a person's guesses come one
    /// after the other.
    private func guess(
        by user: UUID, in organization: UUID, _ transaction: Transaction
    ) async throws -> ClaimGuesses {
        let start = Timestamp.now.adding(.zero - ClaimGuesses.period)
        let rows = try await transaction.query(
            """
            INSERT INTO devices.claim_guesses AS known (organization_id, user_id, guesses, since)
            VALUES (\(organization), \(user), 1, now())
            ON CONFLICT (organization_id, user_id) DO UPDATE
            SET guesses = CASE WHEN known.since <= \(start) THEN 1 ELSE known.guesses + 1 END,
                since = CASE WHEN known.since <= \(start) THEN now() ELSE known.since END
            RETURNING guesses, since
            """)
        guard let row = rows.first else { throw DeviceError.notFound }
        let (count, since) = try row.decode(Int.self, Timestamp.self)
        return ClaimGuesses(count: count, since: since)
    }

    private static func takeBackGuess(by user: UUID, in organization: UUID) -> SQL {
        """
        UPDATE devices.claim_guesses SET guesses = guesses - 1
        WHERE organization_id = \(organization) AND user_id = \(user)
        """
    }
}
