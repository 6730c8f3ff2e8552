import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

extension ChannelStore {
    /// - Parameter field: Which names the channels.
    /// - Throws: 422 unless all are channels of the organization; they stay until the transaction ends.
    func require(
        _ ids: [UUID], _ field: String = "channel_ids", in organization: UUID, _ transaction: Transaction
    ) async throws {
        guard !ids.isEmpty else { return }
        let existing = try await existing(ids, in: organization, transaction)
        let missing = ids.filter { !existing.contains($0) }.map(\.text)
        guard missing.isEmpty else { throw Problem.invalid(field, "names no channel with \(missing.listed)") }
    }

    /// - Throws: 422 unless all that the rule names are channels of the organization.
    func require(channelsOf rule: RuleDefinition, in organization: UUID, _ transaction: Transaction) async throws {
        try await require(rule.channelIDs, in: organization, transaction)
        for (index, step) in rule.escalation.enumerated() {
            try await require(step.channelIDs, "escalation[\(index)].channel_ids", in: organization, transaction)
        }
    }
}
