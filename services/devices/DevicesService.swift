import Foundation
import ServiceKit

@main
struct DevicesService {
    static func main() async {
        await ServiceMain.run(.devices, build: buildDevices)
    }
}

extension ServiceDescription {
    static let devices = ServiceDescription(
        name: "devices", defaultPort: 8102,
        migrations: Bundle.module.url(forResource: "Migrations", withExtension: nil))
}
