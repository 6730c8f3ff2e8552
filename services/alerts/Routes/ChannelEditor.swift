import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres

/// Writes and tests channels, by the API and by the pages alike.
struct ChannelEditor: Sendable {
    let channels: ChannelStore
    let members: MemberStore
    let mail: MailStore
    let versions: RuleVersions
    let sender: ChannelSender

    /// - Throws: 422 with everything that is wrong.
    func create(
        _ input: ChannelInput, by user: UserPrincipal, in organization: UUID, _ transaction: Transaction
    ) async throws -> Channel {
        let definition = try input.definition()
        try await requireMembers(definition.destination.memberIDs, in: organization, transaction)
        let channel = try await channels.insert(definition, in: organization, transaction)
        try await record("alert_channel.created", channel, user, transaction)
        return channel
    }

    /// - Parameter ifVersions: The versions of which the channel must have one; nil: any will do.
    /// - Throws: 404, 412, and 422 with everything that is wrong.
    func replace(
        _ id: UUID, with input: ChannelInput, ifVersions allowed: Set<Int>?, by user: UserPrincipal,
        in organization: UUID
    ) async throws -> Channel {
        try await channels.database.withTransaction(as: .organization(organization)) { transaction in
            // Members before the channel, as where one leaves the organization.
            try await requireMembers(input.memberIDs ?? [], in: organization, transaction)
            let current = try await locked(id, ifVersions: allowed, in: organization, transaction)
            let channel = try await channels.update(current, to: input.definition(replacing: current), transaction)
            try await record("alert_channel.updated", channel, user, transaction)
            return channel
        }
    }

    /// Deletes a channel and takes it out of every rule.
    ///
    /// - Throws: 404, 412.
    func delete(
        _ id: UUID, ifVersions allowed: Set<Int>? = nil, by user: UserPrincipal, in organization: UUID
    ) async throws {
        try await channels.database.withTransaction(as: .organization(organization)) { transaction in
            let channel = try await locked(id, ifVersions: allowed, in: organization, transaction)
            try await channels.delete(id, in: organization, transaction)
            try await record("alert_channel.deleted", channel, user, transaction)
        }
        await versions.bump(organization)
    }

    /// Sends a message that says it is a test, to all recipients, and tells how it went.
    ///
    /// - Throws: 404, and 429 when the organization has sent its tests, or its mail, of this hour.
    func test(_ id: UUID, in organization: UUID) async throws -> ChannelTestDocument {
        let targets: [ChannelTarget]?
        do {
            targets = try await testTargets(of: id, in: organization)
        } catch is SealError {
            return ChannelTestDocument([.refused("the channel's secret cannot be read any more; set it anew")])
        }
        guard let targets else { throw Problem.notFound() }
        let outcomes = await withTaskGroup(of: DeliveryOutcome.self) { group in
            for target in targets {
                group.addTask {
                    await sender.send(
                        OutgoingMessage(id: .v7(), steps: [], template: nil, createdAt: .now), to: target)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return ChannelTestDocument(outcomes)
    }

    /// Where a test goes.
    ///
    /// - Throws: 429 when the organization has sent its tests, or its mail, of this hour; `SealError`.
    private func testTargets(of id: UUID, in organization: UUID) async throws -> [ChannelTarget]? {
        let now = Timestamp.now
        return try await channels.database.withTransaction(as: .organization(organization)) { transaction in
            guard let targets = try await channels.targets(id, in: organization, at: now, transaction) else {
                return nil
            }
            func take(_ wanted: Int, _ count: MailStore.Count, orSay detail: String) async throws {
                guard try await mail.take(wanted, count, of: organization, at: now, transaction) == wanted else {
                    throw Problem.tooManyRequests(
                        retryAfter: Int(MailAllowance.next(after: now).since(now).components.seconds) + 1, detail)
                }
            }
            try await take(
                targets.count, .tests, orSay: "The organization has tested its channels enough for this hour.")
            let addresses = targets.compactMap { if case .email(let address) = $0 { address } else { nil } }
            let foreign = try await mail.foreign(addresses, to: organization, transaction).count
            try await take(foreign, .foreignLetters, orSay: "The organization has sent its mail of this hour.")
            return targets
        }
    }

    /// - Throws: 422 unless all are members of the organization.
    private func requireMembers(
        _ ids: [UUID], in organization: UUID, _ transaction: Transaction
    ) async throws {
        guard !ids.isEmpty else { return }
        let existing = try await members.existing(ids, in: organization, transaction)
        let missing = ids.filter { !existing.contains($0) }.map(\.text)
        guard missing.isEmpty else { throw Problem.invalid("member_ids", "names no member with \(missing.listed)") }
    }

    private func locked(
        _ id: UUID, ifVersions allowed: Set<Int>?, in organization: UUID, _ transaction: Transaction
    ) async throws -> Channel {
        guard let channel = try await channels.lock(id, in: organization, transaction) else {
            throw Problem.notFound()
        }
        guard allowed?.contains(channel.version) ?? true else { throw Problem.preconditionFailed() }
        return channel
    }

    private func record(
        _ type: String, _ channel: Channel, _ user: UserPrincipal, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            AuditEntry(
                type, of: channel.id, in: channel.organizationID, by: user, data: ChannelDocument(channel)
            ).insert)
    }
}
