import Foundation
import ServiceKit

/// The reverse proxy in front of all services.
@main
enum Gateway {
    static func main() async {
        let service = ServiceDescription(name: "gateway", defaultPort: 8080)
        // Until somebody listens for it, SIGHUP would end the process.
        signal(SIGHUP, SIG_IGN)
        guard CommandLine.arguments.dropFirst() == ["--check"] else { await ServiceMain.run(service, build: build) }
        do {
            let configuration = try await readFile(defaultPort: service.defaultPort)
            print("The gateway's file is valid: \(configuration.routes.count) routes.")
        } catch {
            FileHandle.standardError.write(Data("lms-gateway: \(error)\n".utf8))
            exit(EXIT_FAILURE)
        }
    }
}
