import FoundationEssentials

extension PlanFile {
    /// The file's text, to be read again as the same plans.
    ///
    /// - Throws: `EncodingError`.
    func yaml() throws -> String {
        let head = """
            # Prices are in minor units of the currency, such as cents. A limit that is null is none, that of requests what
            # the gateway's file says.
            plans:

            """
        return try head + plans.map(Self.yaml).joined(separator: "\n")
    }

    private static func yaml(_ plan: Plan) throws -> String {
        func limit(_ number: Int?) -> String { number.map(String.init) ?? "null" }
        return """
              - id: \(plan.id)
                name: \(try quoted(plan.name))
                description: \(try quoted(plan.description))
                currency: \(plan.currency)
                monthly_price: \(plan.monthlyPrice)
                yearly_price: \(plan.yearlyPrice)
                limits:
                  devices: \(limit(plan.limits.devices))
                  members: \(limit(plan.limits.members))
                  readings_per_month: \(limit(plan.limits.readingsPerMonth))
                  readings_per_minute: \(limit(plan.limits.readingsPerMinute))
                  requests_per_second: \(limit(plan.limits.requestsPerSecond))
                  retention_days: \(limit(plan.limits.retentionDays))

            """
    }

    /// A text as in JSON, which is one in YAML too.
    private static func quoted(_ text: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(text), as: UTF8.self)
    }
}
