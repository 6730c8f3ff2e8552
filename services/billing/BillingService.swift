import Foundation
import ServiceKit

/// Plans, subscriptions and usage.
@main
struct BillingService {
    static let description = ServiceDescription(
        name: "billing", defaultPort: 8105,
        migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))

    static func main() async {
        await ServiceMain.run(description) { try await build($0).services }
    }
}
