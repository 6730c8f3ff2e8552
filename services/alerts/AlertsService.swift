import Foundation
import ServiceKit

/// Rules, alerts and notifications.
@main
struct AlertsService {
    static let description = ServiceDescription(
        name: "alerts", defaultPort: 8104,
        migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))

    static func main() async {
        await ServiceMain.run(description) { try await build($0).services }
    }
}
