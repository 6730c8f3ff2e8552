import FoundationEssentials
import Kernel

/// Who causes a change, and in which trace.
struct Cause: Sendable {
    /// As the audit trail and events name it.
    enum Actor: Sendable, Hashable {
        case user(UUID)
        case device(UUID)
        /// A board without a device yet, by the fleet key that it shows.
        case provisioningKey(UUID)
        /// This service by itself: a device that fell silent, a command whose time passed, an event of another service.
        case system
    }

    let actor: Actor
    /// The W3C trace context of the request.
    var traceparent: String?

    /// This service by itself.
    static let system = Cause(actor: .system)
}

extension Cause.Actor {
    /// As in the envelope of an event: `user:0198…`.
    var text: String {
        switch self {
        case .user(let id): "user:\(id.text)"
        case .device(let id): "device:\(id.text)"
        case .provisioningKey(let id): "provisioning_key:\(id.text)"
        case .system: "system"
        }
    }
}

extension Cause.Actor: Encodable {
    private enum CodingKeys: String, CodingKey {
        case type, id
    }

    /// As in the audit trail: `{"type": "user", "id": "…"}`.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .user(let id):
            try container.encode("user", forKey: .type)
            try container.encode(id.text, forKey: .id)
        case .device(let id):
            try container.encode("device", forKey: .type)
            try container.encode(id.text, forKey: .id)
        case .provisioningKey(let id):
            try container.encode("provisioning_key", forKey: .type)
            try container.encode(id.text, forKey: .id)
        case .system:
            try container.encode("system", forKey: .type)
        }
    }
}
