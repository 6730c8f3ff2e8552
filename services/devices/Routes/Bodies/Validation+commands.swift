import HTTPKit
import Kernel

extension Validation {
    /// How long a command is handed out, in seconds, and how often again.
    mutating func delivery(timeToLive: Int?, maxRetries: Int?) {
        range(of: timeToLive, 1...2_592_000, "ttl_s")
        range(of: maxRetries, 0...10, "max_retries")
    }

    /// A template, trimmed. Its defaults need not be all that its commands require.
    mutating func template(_ template: CommandTemplate.Content) {
        length(of: template.name, 1...200, "name")
        length(of: template.description, 0...2000, "description")
        token(template.commandType, "command_type")
        count(of: template.deviceTypes, 0...50, "device_types")
        for (index, type) in template.deviceTypes.enumerated() { token(type, "device_types[\(index)]") }
        delivery(timeToLive: template.timeToLive, maxRetries: template.maxRetries)
        json(template.parameters, "parameters")
        json(.object(template.defaults), "defaults")

        var inner = Validation()
        let description = ValueDescription(template.parameters, at: "parameters", errors: &inner)
        inner.require(
            description.types.isEmpty || description.types.contains(.object), "parameters.type",
            "must allow an object, which parameters are")
        if inner.errors.isEmpty { description.ofPart.check(.object(template.defaults), at: "defaults", &inner) }
        for error in inner.errors { reject(error.field, error.message) }
    }

    /// A command made of a template, with the parameters that it would have.
    ///
    /// - Parameter deviceType: As of ``NewCommand/order(from:for:at:)``.
    mutating func command(
        _ template: CommandTemplate.Content, parameters: [String: AnyJSON], for deviceType: String?
    ) {
        if let deviceType {
            require(
                template.suits(deviceType), "template_id",
                "is for devices of the type \(template.deviceTypes.joined(separator: " or ")), not \(deviceType)")
        }
        // It was checked itself before it was kept.
        var none = Validation()
        ValueDescription(template.parameters, at: "parameters", errors: &none)
            .check(.object(parameters), at: "parameters", &self)
    }
}
