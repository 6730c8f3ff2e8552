import FoundationEssentials
import Postgres

extension DeviceAllowance {
    /// Nil where nothing is limited.
    ///
    /// The lock on the organization's limits lets registrations count one after the other.
    static func read(of organization: UUID, _ transaction: Transaction) async throws -> DeviceAllowance? {
        let rows = try await transaction.batch([
            "SELECT plan, devices FROM devices.limits WHERE organization_id = \(organization) FOR UPDATE",
            "SELECT count(*) FROM devices.devices WHERE organization_id = \(organization)",
        ])
        guard let (plan, limit) = try rows[0].first?.decode(String.self, Int?.self), let limit,
            let count = try rows[1].first?.decode(Int.self)
        else { return nil }
        return DeviceAllowance(plan: plan, limit: limit, count: count)
    }
}
