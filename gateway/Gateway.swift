import Foundation
import ServiceKit

/// The reverse proxy in front of all services.
@main
enum Gateway {
    static func main() async {
        let service = ServiceDescription(name: "gateway", defaultPort: 8080)
        guard CommandLine.arguments.dropFirst() == ["--check"] else { await ServiceMain.run(service, build: build) }
        do {
            let settings = try await ServiceConfiguration.load(defaultPort: service.defaultPort)
            let configuration = try loadFile(settings)
            print("The gateway's file is valid: \(configuration.routes.count) routes.")
        } catch {
            FileHandle.standardError.write(Data("lms-gateway: \(error)\n".utf8))
            exit(EXIT_FAILURE)
        }
    }
}
