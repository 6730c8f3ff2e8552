/// The organization that `lms up` shows around with.
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
            try await makeRule(token: session.accessToken)
            return session
        }
    }

    /// So that the simulated rooms, which get too warm now and then, have somebody to tell.
    private func makeRule(token: String) async throws {
        struct Rule: Encodable {
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
        try await gateway.call(
            .post, "/api/v1/alerts/rules", body: Rule(),
            options: .init(token: token, idempotencyKey: "lms-up-demo-rule"))
    }
}
