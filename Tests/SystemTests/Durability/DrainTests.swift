import LocalStack
import Logging
import TestKit
import Testing

/// A process that is told to stop finishes what it has taken.
@Suite(.serialized) struct DrainTests {
    @Test func `copies of readings are stopped and started in the middle of a load, and no request notices`()
        async throws
    {
        let copies = try await Copies(of: .readings, in: SystemInstallation.start())
        let load = try await Load.run(of: copies.installation.owner()) { load in
            try await load.waitForProgress()
            for copy in copies.processes {
                // Told to stop, it ends by itself and is started again.
                await copy.kill(.terminate)
                try await copies.waitUntilAllAreReady()
                try await load.waitForProgress()
            }
        }
        #expect(load.unavailable == 0)
        try await copies.installation.checkReadings(of: load)
        try await copies.installation.checkUsage()
        await copies.stop()
    }

    @Test func `when the last copy of readings has stopped, all that it took is stored, published and counted`()
        async throws
    {
        let copies = try await Copies(of: .readings, in: SystemInstallation.start())
        let installation = copies.installation
        let load = try await Load.run(of: installation.owner()) { load in
            try await load.waitForProgress()
            for copy in copies.processes { await copy.stop() }
            try await load.waitForRefusals(by: load.devices.count)
        }
        // Nobody is left who could publish it later.
        #expect(try await installation.query("SELECT 1 FROM readings.batches").isEmpty)
        #expect(try await installation.query("SELECT 1 FROM core.outbox WHERE source = 'readings'").isEmpty)
        try await installation.checkReadings(of: load)
        try await installation.checkUsage()
        await copies.stop()
    }
}

/// Two copies of a service, and a gateway that knows both.
private struct Copies {
    /// Reached through that gateway.
    let installation: SystemInstallation
    let processes: [ManagedProcess]
    private let ports: [Int]
    private let gateway: ManagedProcess
    private let component: Component

    init(of component: Component, in installation: SystemInstallation) async throws {
        let stack = installation.stack
        let first = try #require(stack.services[component])
        let second = try Self.process(component, "\(component)-2", stack)
        ports = [stack.installation.port(component), try stack.folder.port("\(component)-2")]
        let urls = ports.map { "http://127.0.0.1:\($0)" }
        gateway = try Self.process(
            .gateway, "gateway-2", stack,
            [
                "LMS_\(component.rawValue.uppercased())_URL": urls.joined(separator: ","),
                "LMS_GATEWAY_ADMIN_PORT": "\(try stack.folder.port("gateway-2-admin"))",
            ])
        self.component = component
        processes = [first, second]
        self.installation = SystemInstallation(
            stack: stack, client: TestHTTPClient(port: try stack.folder.port("gateway-2")))
        for process in [second, gateway] { Task { await process.run() } }
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
            try await eventually(within: .seconds(30)) { try await copy.get("/readyz").status == 200 }
        }
        try await eventually(within: .seconds(30)) {
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
