/// The organization that `lms up` shows around with, and that `lms seed --demo` makes at any gateway.
struct DemoAccount: Sendable {
    let login: Login
    let gateway: GatewayClient

    static let email = "demo@example.com"

    /// Signs in, or makes the account the first time.
    ///
    /// - Throws: ``GatewayError``.
    func signIn() async throws -> Session {
        do {
            return try await gateway.logIn(login)
        } catch let error as GatewayError where error.status == 401 {
            let session = try await gateway.register(login, name: "Demo User", organization: "Demo Laboratory")
            try await furnish(token: session.accessToken)
            return session
        }
    }

    /// Makes the rule and the command templates of the laboratory that are not there.
    ///
    /// - Throws: ``GatewayError``.
    func furnish(token: String) async throws {
        let rule = Rule()
        if try await !gateway.names(in: Rule.path, token: token).contains(rule.name) {
            try await gateway.call(.post, Rule.path, body: rule, options: .init(token: token))
        }
        let known = try await gateway.names(in: CommandTemplate.path, token: token)
        for template in CommandTemplate.all where !known.contains(template.name) {
            try await gateway.call(.post, CommandTemplate.path, body: template, options: .init(token: token))
        }
    }
}

/// So that the simulated rooms, which get too warm now and then, have somebody to tell.
private struct Rule: Encodable {
    static let path = "/api/v1/alerts/rules"

    struct Scope: Encodable {
        let all = true
    }

    let name = "Room too warm"
    let scope = Scope()
    let sensorType = "temperature"
    let kind = "threshold"
    let condition = "gt"
    let thresholdValue = 26.0
    let clearValue = 25.0
    let severity = "high"
    let enabled = true
    let cooldownMinutes = 1
    let channelIDs: [String] = []

    enum CodingKeys: String, CodingKey {
        case name, scope, kind, condition, severity, enabled
        case sensorType = "sensor_type"
        case thresholdValue = "threshold_value"
        case clearValue = "clear_value"
        case cooldownMinutes = "cooldown_minutes"
        case channelIDs = "channel_ids"
    }
}

/// A command that is prepared in the demo laboratory.
private struct CommandTemplate: Encodable {
    struct Parameters: Encodable {
        struct Property: Encodable {
            let type: String
            var minimum: Double?
            var maximum: Double?
        }

        let properties: [String: Property]
        let required: [String]
        let additionalProperties = false
    }

    static let path = "/api/v1/commands/templates"

    let name: String
    let description: String
    let commandType: String
    let parameters: Parameters

    enum CodingKeys: String, CodingKey {
        case name, description, parameters
        case commandType = "command_type"
    }

    static let all = [
        CommandTemplate(
            name: "Measure more or less often", description: "Seconds from one reading to the next.",
            commandType: "set_reading_interval",
            parameters: Parameters(
                properties: [
                    "reading_interval": .init(
                        type: "number", minimum: DeviceState.intervals.lowerBound,
                        maximum: DeviceState.intervals.upperBound)
                ], required: ["reading_interval"])),
        CommandTemplate(
            name: "Identify", description: "The device says which one it is.", commandType: "identify",
            parameters: Parameters(properties: [:], required: [])),
        CommandTemplate(
            name: "Restart", description: "The device is away for some seconds.", commandType: "restart",
            parameters: Parameters(properties: [:], required: [])),
    ]
}
