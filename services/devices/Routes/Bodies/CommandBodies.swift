import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// The body of a request that queues a command.
struct NewCommand: Sendable, Decodable {
    /// Only where the path does not name the device.
    var deviceID: UUID?
    var commandType: String
    var parameters: [String: AnyJSON]?
    var priority: CommandPriority?
    /// Seconds.
    var timeToLive: Int?
    var scheduledAt: Timestamp?
    var maxRetries: Int?

    enum CodingKeys: String, CodingKey {
        case parameters, priority
        case deviceID = "device_id"
        case commandType = "command_type"
        case timeToLive = "ttl_s"
        case scheduledAt = "scheduled_at"
        case maxRetries = "max_retries"
    }

    /// The order that the body stands for.
    ///
    /// - Throws: 422 with the fields at fault.
    func order(at now: Timestamp = .now) throws -> CommandOrder {
        try validate { check in
            check.token(commandType, "command_type")
            check.json(parameters.map { .object($0) }, "parameters")
            check.range(of: timeToLive, 1...2_592_000, "ttl_s")
            check.range(of: maxRetries, 0...10, "max_retries")
            check.require(
                scheduledAt.map { $0 <= now.adding(.seconds(31_536_000)) } ?? true, "scheduled_at",
                "must be within a year")
        }
        let start = max(now, scheduledAt ?? now)
        return CommandOrder(
            type: commandType, parameters: parameters ?? [:], priority: priority ?? .normal, scheduledAt: scheduledAt,
            expiresAt: start.adding(timeToLive.map { .seconds($0) } ?? CommandOrder.defaultTimeToLive),
            maxRetries: maxRetries ?? CommandOrder.defaultMaxRetries)
    }
}

/// The body of a device's report on a command.
struct CommandReportBody: Sendable, Decodable {
    /// What a device may say of a command.
    enum Status: String, Sendable, Decodable {
        case acknowledged, succeeded, failed
    }

    var status: Status
    var result: AnyJSON?
    var error: String?

    /// - Throws: 422 with the fields at fault.
    func report() throws -> CommandReport {
        try validate { check in
            check.json(result, "result")
            check.length(of: error, 0...2000, "error")
        }
        let event: CommandStatus.Event =
            switch status {
            case .acknowledged: .acknowledged
            case .succeeded: .succeeded
            case .failed: .failed
            }
        return CommandReport(event: event, result: result, error: error)
    }
}
