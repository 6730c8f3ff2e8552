import LocalStack
import Logging
import TestKit
import Testing

/// Several copies of a service, and a gateway that knows them all.
struct Copies {
    /// Reached through that gateway.
    let installation: SystemInstallation
    let processes: [ManagedProcess]
    /// Where each of them listens.
    let ports: [Int]
    private let gateway: ManagedProcess
    private let component: Component

    init(of component: Component, count: Int = 2, in installation: SystemInstallation) async throws {
        let stack = installation.stack
        let first = try #require(stack.services[component])
        let names = (2...count).map { "\(component)-\($0)" }
        let others = try names.map { try Self.process(component, $0, stack) }
        ports = [stack.installation.port(component)] + (try names.map { try stack.folder.port($0) })
        let urls = ports.map { "http://127.0.0.1:\($0)" }
        gateway = try Self.process(
            .gateway, "gateway-2", stack,
            [
                "LMS_\(component.rawValue.uppercased())_URL": urls.joined(separator: ","),
                "LMS_GATEWAY_ADMIN_PORT": "\(try stack.folder.port("gateway-2-admin"))",
            ])
        self.component = component
        processes = [first] + others
        self.installation = SystemInstallation(
            stack: stack, client: TestHTTPClient(port: try stack.folder.port("gateway-2")))
        for process in others + [gateway] { Task { await process.run() } }
        try await waitUntilAllAreReady()
    }

    private static func process(
        _ component: Component, _ name: String, _ stack: Stack, _ settings: [String: String] = [:]
    ) throws -> ManagedProcess {
        var environment = try stack.installation.environment(component).merging(settings) { $1 }
        environment["LMS_HTTP_PORT"] = "\(try stack.folder.port(name))"
        return ManagedProcess(
            ServiceProgram(
                component, binaries: SystemInstallation.binaries, environment: environment, log: stack.folder.log(name)),
            logger: Logger(label: "system"))
    }

    /// Waits until every copy says that it is ready, and the gateway has heard so.
    func waitUntilAllAreReady() async throws {
        for port in ports {
            let copy = TestHTTPClient(port: port)
            try await eventually(within: .seconds(120)) { try await copy.get("/readyz").status == 200 }
        }
        try await eventually(within: .seconds(120)) {
            let health = try await installation.client.get("/api/v1/system/health").json
            return health["status"] == "up" && health["services"][component.rawValue]["status"] == "up"
        }
    }

    func stop() async {
        await gateway.stop()
        for process in processes { await process.stop() }
        await installation.stack.stop()
    }
}
