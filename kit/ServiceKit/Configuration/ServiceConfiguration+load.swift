import Configuration
import Foundation

extension ServiceConfiguration {
    /// Loads the configuration from `environment` over the file that `LMS_CONFIG_FILE` names, if it does.
    public static func load(
        environment: [String: String] = ProcessInfo.processInfo.environment, defaultPort: Int
    ) async throws(ConfigurationError) -> ServiceConfiguration {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider(environmentVariables: environment)]
        if let path = try Settings.configurationFile.value(in: environment) {
            providers.append(try await fileProvider(path: path))
        }
        let reader = ConfigReader(providers: providers)
        var values: [String: String] = [:]
        for key in Settings.keys {
            values[key] = text(of: key, in: reader)
        }
        return try ServiceConfiguration(values, defaultPort: defaultPort)
    }

    /// The variables of `environment` that look like settings but are none, sorted; most often a misspelt name.
    /// Those of the gateway's own file begin with `LMS_GATEWAY_`.
    public static func unknownKeys(in environment: [String: String]) -> [String] {
        environment.keys.filter { key in
            key.hasPrefix("LMS_") && !key.hasPrefix("LMS_TEST_") && !key.hasPrefix("LMS_GATEWAY_")
                && !Settings.keys.contains(key)
        }.sorted()
    }

    private static func fileProvider(path: String) async throws(ConfigurationError) -> any ConfigProvider {
        do {
            switch URL(fileURLWithPath: path).pathExtension.lowercased() {
            case "yaml", "yml": return try await FileProvider<YAMLSnapshot>(filePath: .init(path))
            case "json": return try await FileProvider<JSONSnapshot>(filePath: .init(path))
            default: break
            }
        } catch {
            throw .unreadableFile(path: path, reason: "\(error)")
        }
        throw .invalid(
            key: Settings.configurationFile.key, found: path, expected: Settings.configurationFile.expected)
    }

    /// A JSON file may also hold numbers and booleans, which are not read as text.
    private static func text(of key: String, in reader: ConfigReader) -> String? {
        let key = ConfigKey([key])
        return reader.string(forKey: key, isSecret: true)
            ?? reader.int(forKey: key, isSecret: true).map(String.init)
            ?? reader.bool(forKey: key, isSecret: true).map(String.init)
    }
}
