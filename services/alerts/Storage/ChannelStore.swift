import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// The notification channels of organizations; secrets are stored sealed.
struct ChannelStore: Sendable {
    let database: PostgresClient
    let sealer: Sealer

    /// A page of an organization's channels, by id.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [Channel] {
        let rows = try await database.query(
            """
            SELECT \(Channel.columns) FROM alerts.channels WHERE organization_id = \(organization) \(page.keyset())
            """, as: .organization(organization))
        return try rows.map(Channel.init(row:))
    }

    func find(_ id: UUID, in organization: UUID) async throws -> Channel? {
        let rows = try await database.query(
            "SELECT \(Channel.columns) FROM alerts.channels WHERE organization_id = \(organization) AND id = \(id)",
            as: .organization(organization))
        return try rows.first.map(Channel.init(row:))
    }

    /// The channel, locked until the transaction ends.
    func lock(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> Channel? {
        let rows = try await transaction.query(
            """
            SELECT \(Channel.columns) FROM alerts.channels
            WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
            """)
        return try rows.first.map(Channel.init(row:))
    }

    /// The channel of a notification, locked until the transaction ends: to be called before the notification is locked, in
    /// the order in which a member's removal locks.
    func lock(
        ofNotification id: UUID, in organization: UUID, _ transaction: Transaction
    ) async throws -> Channel? {
        let rows = try await transaction.query(
            """
            SELECT \(Channel.columns) FROM alerts.channels
            WHERE organization_id = \(organization) AND id = (
                SELECT channel_id FROM alerts.notifications
                WHERE organization_id = \(organization) AND id = \(id)) FOR UPDATE
            """)
        return try rows.first.map(Channel.init(row:))
    }

    /// Which of the ids are channels of the organization.
    func existing(_ ids: [UUID], in organization: UUID, _ transaction: Transaction) async throws -> Set<UUID> {
        let rows = try await transaction.query(
            "SELECT id FROM alerts.channels WHERE organization_id = \(organization) AND id = ANY(\(ids)) FOR SHARE")
        return Set(try rows.map { try $0.decode(UUID.self) })
    }

    func insert(
        _ channel: ChannelDefinition, in organization: UUID, _ transaction: Transaction
    ) async throws -> Channel {
        let id = UUID.v7()
        let (destination, sealed) = (channel.destination, try seal(channel.destination.secret, of: id))
        let rows = try await transaction.query(
            """
            INSERT INTO alerts.channels (
                id, organization_id, name, type, url, addresses, member_ids, sealed_secret, group_s, template)
            VALUES (
                \(id), \(organization), \(channel.name), \(destination.kind.rawValue), \(destination.shownURL),
                \(destination.addresses), \(destination.memberIDs), \(sealed), \(channel.groupSeconds),
                \(try channel.template.map(JSONB.init)))
            RETURNING \(Channel.columns)
            """)
        return try rows.only(Channel.init(row:))
    }

    /// Replaces a channel. A secret that is not given stays as it is, unless the channel was of another type.
    func update(
        _ channel: Channel, to definition: ChannelDefinition, _ transaction: Transaction
    ) async throws -> Channel {
        let (destination, sealed) = (definition.destination, try seal(definition.destination.secret, of: channel.id))
        let stays = channel.destination.kind == destination.kind
        let rows = try await transaction.query(
            """
            UPDATE alerts.channels SET
                name = \(definition.name), type = \(destination.kind.rawValue), addresses = \(destination.addresses),
                member_ids = \(destination.memberIDs),
                url = coalesce(\(destination.shownURL), CASE WHEN \(stays) THEN url END),
                sealed_secret = coalesce(\(sealed), CASE WHEN \(stays) THEN sealed_secret END),
                group_s = \(definition.groupSeconds), template = \(try definition.template.map(JSONB.init)),
                version = version + 1, last_updated = now()
            WHERE organization_id = \(channel.organizationID) AND id = \(channel.id)
            RETURNING \(Channel.columns)
            """)
        return try rows.only(Channel.init(row:))
    }

    /// Deletes the channel and takes it out of every rule, together with what steps of escalation it leaves empty.
    func delete(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws {
        try await transaction.batch([
            "DELETE FROM alerts.channels WHERE organization_id = \(organization) AND id = \(id)",
            """
            UPDATE alerts.rules SET
                channel_ids = array_remove(channel_ids, \(id)),
                escalation = coalesce((
                    SELECT jsonb_agg(jsonb_set(step, '{channel_ids}', remaining) ORDER BY position)
                    FROM jsonb_array_elements(escalation) WITH ORDINALITY AS steps (step, position)
                        CROSS JOIN LATERAL (SELECT (step -> 'channel_ids') - \(id.text) AS remaining) AS reduced
                    WHERE remaining <> '[]'), '[]'),
                version = version + 1, last_updated = now()
            WHERE organization_id = \(organization)
                AND (\(id) = ANY(channel_ids) OR escalation @> \(try JSONB([["channel_ids": [id.text]]])))
            """,
        ])
    }

    // MARK: Where messages go

    /// Where a message to all of a channel goes, but for members who want no mail now; nil where there is no such channel.
    ///
    /// - Throws: `SealError`, when the channel's secret cannot be read any more.
    func targets(
        _ id: UUID, in organization: UUID, at now: Timestamp, _ transaction: Transaction
    ) async throws -> [ChannelTarget]? {
        let rows = try await transaction.query(
            """
            SELECT \(DueChannel.columns) FROM alerts.channels
            WHERE organization_id = \(organization) AND id = \(id)
            """)
        guard let row = rows.first, let channel = try DueChannel(row: row, at: 0) else { return nil }
        var recipients: [String?] = [nil]
        if channel.kind == .email {
            let members = channel.memberIDs.map { MemberKey(organizationID: organization, userID: $0) }
            let mailed = try await MailStore.mailboxes(of: members, transaction).values.compactMap { mailbox in
                if case .send(let address) = mailbox.decision(on: nil, at: now) { address } else { nil }
            }
            recipients = channel.addresses.filter { !mailed.contains($0.lowercased()) } + mailed
        }
        return try recipients.compactMap { try target(channel, of: id, recipient: $0) }
    }

    /// Where one message goes; nil for a channel that lacks what it needs.
    ///
    /// - Throws: `SealError`.
    func target(_ channel: DueChannel, of id: UUID, recipient: String?) throws -> ChannelTarget? {
        let secret = try channel.sealedSecret.map { try sealer.open($0, context: Self.context(id)) }
        switch channel.kind {
        case .email: return recipient.map(ChannelTarget.email)
        case .webhook: return channel.url.map { .webhook(url: $0, secret: secret) }
        case .slack: return secret.map { .slack(url: String(decoding: $0, as: UTF8.self)) }
        case .teams: return secret.map { .teams(url: String(decoding: $0, as: UTF8.self)) }
        }
    }

    private func seal(_ secret: String?, of channel: UUID) throws -> [UInt8]? {
        try secret.map { try sealer.seal($0.utf8, context: Self.context(channel)) }
    }

    private static func context(_ channel: UUID) -> String { "alerts.channels \(channel.text)" }
}
