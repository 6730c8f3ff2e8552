import Foundation
import Postgres

/// What billing says that organizations may have.
struct LimitStore: Sendable {
    /// Keeps the newest version.
    func keep(
        _ members: Int?, plan: String, of organization: UUID, version: Int, _ transaction: Transaction
    ) async throws {
        try await transaction.query(
            """
            INSERT INTO auth.limits (organization_id, plan, members, version)
            VALUES (\(organization), \(plan), \(members), \(version))
            ON CONFLICT (organization_id) DO UPDATE
            SET plan = excluded.plan, members = excluded.members, version = excluded.version
            WHERE excluded.version > limits.version
            """)
    }
}

extension MemberAllowance {
    /// Nil where nothing is limited. Whoever adds a member or an invitation has locked the organization, so they count
    /// one after the other.
    static func read(of organization: UUID, _ transaction: Transaction) async throws -> MemberAllowance? {
        let rows = try await transaction.query(
            """
            SELECT l.plan, l.members,
                (SELECT count(*) FROM auth.memberships m WHERE m.organization_id = l.organization_id),
                (SELECT count(*) FROM auth.invitations i
                 WHERE i.organization_id = l.organization_id AND i.expires_at > now())
            FROM auth.limits l WHERE l.organization_id = \(organization)
            """)
        guard
            let (plan, limit, members, invitations) = try rows.first?.decode(
                String.self, Int?.self, Int.self, Int.self),
            let limit
        else { return nil }
        return MemberAllowance(plan: plan, limit: limit, members: members, invitations: invitations)
    }
}
