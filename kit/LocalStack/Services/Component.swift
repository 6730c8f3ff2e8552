import Kernel

/// One of the seven processes of an installation.
public enum Component: String, CaseIterable, Sendable, Hashable, CustomStringConvertible {
    case auth, devices, readings, alerts, billing, realtime, gateway

    public var description: String { rawValue }

    /// The name of its executable.
    public var executable: String { "lms-\(rawValue)" }

    /// Where it listens unless it is told otherwise.
    public var defaultPort: Int {
        switch self {
        case .gateway: 8080
        case .auth: 8101
        case .devices: 8102
        case .readings: 8103
        case .alerts: 8104
        case .billing: 8105
        case .realtime: 8106
        }
    }

    /// Whose schema it has; nil for the gateway, which has none.
    public var service: Service? { Service(rawValue: rawValue) }
}
