/// A setting that is missing or cannot be used; its description is the sentence to print.
public enum ConfigurationError: Error, Hashable, CustomStringConvertible {
    /// Nothing sets `key`.
    case missing(key: String, expected: String)
    /// `key` is set to `found` (nil for a secret, which is never printed).
    case invalid(key: String, found: String?, expected: String)
    /// The file that `LMS_CONFIG_FILE` names cannot be read.
    case unreadableFile(path: String, reason: String)

    public var description: String {
        switch self {
        case .missing(let key, let expected):
            "\(key) is not set; set it to \(expected)."
        case .invalid(let key, let found?, let expected):
            "\(key) is '\(found)'; set it to \(expected)."
        case .invalid(let key, nil, let expected):
            "\(key) has an unusable value (not shown, it is secret); set it to \(expected)."
        case .unreadableFile(let path, let reason):
            "LMS_CONFIG_FILE names '\(path)', which cannot be read: \(reason)."
        }
    }
}
