import ServiceKit
import ServiceLifecycle

func buildDevices(_ environment: ServiceEnvironment) async throws -> [any ServiceLifecycle.Service] {
    []
}
