import Foundation

/// The reverse proxy in front of all services.
@main
enum Gateway {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        do {
            let configuration = try loadConfiguration(environment: ProcessInfo.processInfo.environment)
            switch arguments.first {
            case nil, "serve": try await run(configuration)
            case "--check": print("the configuration is valid: \(configuration.routes.count) routes")
            case let argument?: throw ConfigurationError(line: nil, message: "unknown argument '\(argument)'")
            }
        } catch let error as ConfigurationError {
            FileHandle.standardError.write(Data("lms-gateway: \(error)\n".utf8))
            exit(78)
        }
    }
}
