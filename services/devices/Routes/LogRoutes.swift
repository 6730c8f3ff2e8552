import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Metrics
import Postgres
import Synchronization

/// What devices log, and people read.
struct LogRoutes: Sendable {
    private static let path = "/api/v1/devices/{id}/logs"

    let logs: LogStore
    let access: DeviceAccess
    let idempotency: Idempotency
    let liveness: LivenessWriter
    private let accepted = Counter(label: "lms_devices_log_entries_accepted")
    private let duplicates = Counter(label: "lms_devices_log_entries_duplicate")
    private let rejected = Counter(label: "lms_devices_log_entries_rejected")

    func add(to routes: inout RouteTable) {
        routes.post(Self.path, .device, use: append)
        routes.get(Self.path, .user(atLeast: .viewer, orGrant: true), use: list)
    }

    /// Entries with a time may be sent twice; those of a board without a clock with the same `Idempotency-Key`.
    @Sendable private func append(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try DeviceAccess.ownID(context)
        let organization = try context.organizationID
        try await logs.partitions.ensure()
        let receipt = Receipt()
        let response = try await idempotency.create(
            NewLogEntries.self, request, context, as: .organization(organization)
        ) { body, transaction in
            let batch = try body.checked()
            let stored = try await logs.append(batch.accepted, by: device, in: organization, transaction)
            let answer = LogAnswer(
                accepted: stored, duplicates: batch.accepted.count - stored, rejected: batch.rejected)
            receipt.answer.withLock { $0 = answer }
            return JSON(answer, status: .created)
        }
        if let answer = receipt.answer.withLock(\.self) { count(answer) }
        liveness.note([SignOfLife(deviceID: device, time: .now)])
        return response
    }

    private func count(_ answer: LogAnswer) {
        accepted.increment(by: answer.accepted)
        duplicates.increment(by: answer.duplicates)
        rejected.increment(by: answer.rejected.count)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<LogEntry> {
        let device = try await access.device(context, atLeast: .viewer)
        let query = try request.query()
        let page = try query.page(of: LogStore.Position.self)
        // Where no end is asked for, what a clock that is ahead has logged belongs to it.
        let ahead = query["to"] == nil ? LogEntry.maximumAhead : .zero
        let filter = LogFilter(
            range: try query.timeRange(.seconds(86_400) + ahead, now: Timestamp.now.adding(ahead)),
            level: try query.value("level", as: LogLevel.self), text: query["q"])
        try validate { $0.length(of: filter.text, 1...200, "q") }
        return try await logs.page(page, filter, of: device.id, in: device.organizationID)
    }
}

/// What a transaction has stored, to be counted once it has committed; nothing where an earlier answer is given again.
private final class Receipt: Sendable {
    let answer = Mutex<LogAnswer?>(nil)
}

private struct LogAnswer: Encodable, Sendable {
    let accepted: Int
    let duplicates: Int
    let rejected: [RejectedLogEntry]
}
