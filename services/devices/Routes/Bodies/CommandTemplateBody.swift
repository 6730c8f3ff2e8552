import HTTPKit
import Kernel

/// The body of a request that makes or replaces a command template.
struct CommandTemplateBody: Sendable, Decodable {
    let name: String
    let description: String?
    let commandType: String
    let deviceTypes: [String]?
    let parameters: AnyJSON?
    let defaults: [String: AnyJSON]?
    let priority: CommandPriority?
    /// Seconds.
    let timeToLive: Int?
    let maxRetries: Int?

    private enum CodingKeys: String, CodingKey {
        case name, description, parameters, defaults, priority
        case commandType = "command_type"
        case deviceTypes = "device_types"
        case timeToLive = "ttl_s"
        case maxRetries = "max_retries"
    }

    /// The content that the body stands for.
    ///
    /// - Throws: 422 with the fields at fault.
    func content() throws -> CommandTemplate.Content {
        let content = CommandTemplate.Content(
            name: name.trimmed, description: description?.trimmed ?? "", commandType: commandType,
            deviceTypes: deviceTypes ?? [], parameters: parameters ?? .object([:]), defaults: defaults ?? [:],
            priority: priority, timeToLive: timeToLive, maxRetries: maxRetries)
        try validate { $0.template(content) }
        return content
    }
}
