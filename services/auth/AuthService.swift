import Foundation
import ServiceKit

@main
struct AuthService {
    static let description = ServiceDescription(
        name: "auth", defaultPort: 8101, migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))

    static func main() async {
        await ServiceMain.run(description) { environment in
            try await AuthApplication(environment).services
        }
    }
}
