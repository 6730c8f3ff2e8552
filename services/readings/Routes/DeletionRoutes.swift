import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// `DELETE /api/v1/readings`: readings of a device that an admin wants to be gone.
struct DeletionRoutes: Sendable {
    let deletions: ReadingDeletions
    let devices: DeviceStore
    let renewal: AnswerRenewal

    func add(to routes: inout RouteTable) {
        routes.delete("/api/v1/readings", .user(atLeast: .admin), use: delete)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> DeletionOutcome {
        let selection = try ReadingSelection(try request.query())
        let (user, organization) = (try context.user.id, try context.organizationID)
        guard try await devices.hasHad(selection.device, organization: organization) else { throw Problem.notFound() }
        defer { renewal.noteDeletion(of: organization) }
        return try await deletions.delete(selection, in: organization, by: user)
    }
}

extension ReadingSelection {
    private static let parameters: Set<String> = ["device_id", "sensor_type", "from", "to"]

    /// `device_id`, and what narrows: `sensor_type`, `from` and `to`. A parameter that would be passed over elsewhere, as it
    /// is misspelt or empty, would here delete more than was meant.
    ///
    /// - Throws: 422.
    init(_ query: QueryParameters) throws {
        try validate { check in
            for (name, value) in query.all {
                check.require(Self.parameters.contains(name), name, "is no parameter of this request")
                check.require(value.contains { $0 != "," && !$0.isWhitespace }, name, "must not be empty")
            }
            for name in ["from", "to"] {
                check.require(query.all.count { $0.name == name } <= 1, name, "must be there once")
            }
        }
        let devices = try query.values("device_id", as: UUID.self)
        guard let device = devices.first, devices.count == 1 else {
            throw Problem.invalid("device_id", devices.isEmpty ? "is required" : "must be of one device")
        }
        let (start, end) = (
            try query.value("from", as: Timestamp.self), try query.value("to", as: Timestamp.self)
        )
        if let start, let end, start > end { throw Problem.invalid("from", "must not be after to") }
        self.init(device: device, sensorTypes: query.sensorTypes, start: start, end: end)
    }
}
