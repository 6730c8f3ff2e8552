import Foundation
import ServiceKit

/// The registry of devices: their keys, state, configuration and commands.
@main
struct DevicesService {
    static let description = ServiceDescription(
        name: "devices", defaultPort: 8102,
        migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))

    static func main() async {
        await ServiceMain.run(description) { try await build($0).services }
    }
}
