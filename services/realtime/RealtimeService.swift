import Foundation
import ServiceKit

/// Live data over WebSockets, and the dashboard.
@main
struct RealtimeService {
    static let description = ServiceDescription(
        name: "realtime", defaultPort: 8106,
        migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))

    static func main() async {
        await ServiceMain.run(description) { try await build($0).services }
    }
}
