import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// The body of a request that queues a command.
struct NewCommand: Sendable, Decodable {
    /// Only where the path does not name the device.
    var deviceID: UUID?
    /// This or a template.
    var commandType: String?
    var templateID: UUID?
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
        case templateID = "template_id"
        case timeToLive = "ttl_s"
        case scheduledAt = "scheduled_at"
        case maxRetries = "max_retries"
    }

    /// The order that the body stands for.
    ///
    /// - Parameter deviceType: That of the device that it is for; nil where there are many.
    /// - Parameter template: The one that the body names.
    /// - Throws: 422 with the fields at fault.
    func order(
        from template: CommandTemplate?, for deviceType: String?, at now: Timestamp = .now
    ) throws -> CommandOrder {
        let content = template?.content
        let parameters = content?.filled(with: parameters ?? [:]) ?? parameters ?? [:]
        // What is too large is not looked through.
        try validate { $0.json(.object(parameters), "parameters") }
        try validate { check in
            checkType(&check)
            if let content { check.command(content, parameters: parameters, for: deviceType) }
            check.delivery(timeToLive: timeToLive, maxRetries: maxRetries)
            check.require(
                scheduledAt.map { $0 <= now.adding(.seconds(31_536_000)) } ?? true, "scheduled_at",
                "must be within a year")
        }
        let duration = (timeToLive ?? content?.timeToLive).map { Duration.seconds($0) }
        return CommandOrder(
            type: content?.commandType ?? commandType ?? "", parameters: parameters,
            priority: priority ?? content?.priority ?? .normal, scheduledAt: scheduledAt,
            expiresAt: max(now, scheduledAt ?? now).adding(duration ?? CommandOrder.defaultTimeToLive),
            maxRetries: maxRetries ?? content?.maxRetries ?? CommandOrder.defaultMaxRetries)
    }

    private func checkType(_ check: inout Validation) {
        if let commandType {
            check.token(commandType, "command_type")
            check.require(templateID == nil, "template_id", "must not be there beside a command_type")
        } else {
            check.require(templateID != nil, "command_type", "is required where there is no template_id")
        }
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
