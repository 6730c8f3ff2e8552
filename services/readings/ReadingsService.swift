import Foundation
import ServiceKit

/// Ingest, storage and queries of readings.
@main
struct ReadingsService {
    static let description = ServiceDescription(
        name: "readings", defaultPort: 8103,
        migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))

    static func main() async {
        await ServiceMain.run(description) { try await build($0).services }
    }
}
