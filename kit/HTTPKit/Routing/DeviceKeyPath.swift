import Identity

/// The paths that hold their caller's key, as those of ThingsBoard's device API do: `/api/v1/lms_dev_…/telemetry`.
enum DeviceKeyPath {
    private static let root = "/api/v1/"

    /// The key in the path of a request's target; nil for another path.
    static func key(in target: String?) -> Substring? {
        guard let target, target.hasPrefix(root + SecretToken.Kind.deviceKey.prefix) else { return nil }
        return target.dropFirst(root.count).prefix { $0 != "/" && $0 != "?" }
    }

    /// The path as answers may name it, which somebody else might read.
    static func redacted(_ path: String) -> String {
        guard let key = key(in: path) else { return path }
        return root + "[redacted]" + path[key.endIndex...]
    }
}
