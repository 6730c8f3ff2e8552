import Foundation
import LocalStack
import Logging
import TestKit
import Testing

/// Every process is replaced by another in the middle of a load, and nobody notices.
@Suite(.serialized) struct RestartTests {
    @Test(arguments: [Component.auth, .devices, .alerts, .billing, .realtime])
    func `copies of a service are stopped and started, and every request is answered`(component: Component) async throws
    {
        let copies = try await Copies(of: component, in: SystemInstallation.start())
        let callers = try await Callers(copies.installation)
        try await callers.call {
            for copy in copies.processes {
                try await callers.waitUntilAllAreAnswered()
                // Told to stop, it ends by itself and is started again.
                await copy.kill(.terminate)
                try await copies.waitUntilAllAreReady()
            }
            try await callers.waitUntilAllAreAnswered()
        }
        #expect(callers.refusals == 0, "\(callers.lastRefusal)")
        await copies.stop()
    }

    @Test func `the gateway is replaced again and again, and no request is refused or lost`() async throws {
        let installation = try await SystemInstallation.start()
        let stack = installation.stack
        let port = try stack.folder.port("gateway-2")
        let environment = try stack.installation.environment(.gateway).merging([
            "LMS_HTTP_PORT": "\(port)", "LMS_GATEWAY_ADMIN_PORT": "\(try stack.folder.port("gateway-2-admin"))",
            "LMS_GATEWAY_HANDOVER": stack.folder.log("gateway-2") + ".sock",
        ]) { $1 }
        let gateways = (1...4).map { number in
            ManagedProcess(
                ServiceProgram(
                    .gateway, binaries: SystemInstallation.binaries, environment: environment,
                    log: stack.folder.log("gateway-2-\(number)")),
                logger: Logger(label: "system"))
        }
        try await gateways[0].start()
        let replaced = SystemInstallation(stack: stack, client: TestHTTPClient(port: port))
        try await eventually { try await replaced.client.get("/api/v1/system/health").status == 200 }
        // They take a new connection for each call, and the load keeps its own.
        var calling = TestHTTPClient(port: port)
        calling.headers.replaceOrAdd(name: "connection", value: "close")
        let callers = try await Callers(SystemInstallation(stack: stack, client: calling))
        let load = try await Load.run(of: replaced.owner()) { load in
            try await callers.call {
                for (old, new) in zip(gateways, gateways.dropFirst()) {
                    try await load.waitForProgress()
                    try await new.start()
                    // It ends by itself.
                    try await eventually(within: .seconds(120)) { await old.processID == nil }
                }
                try await load.waitForProgress()
                try await callers.waitUntilAllAreAnswered()
            }
        }
        #expect(load.unavailable == 0, "\(load.lastFailure ?? "")")
        #expect(callers.refusals == 0, "\(callers.lastRefusal)")
        // Nobody has ended for another reason.
        for number in 1..<gateways.count {
            let log = try String(contentsOfFile: stack.folder.log("gateway-2-\(number)"), encoding: .utf8)
            #expect(log.contains("another gateway takes over"), "\(log)")
        }
        try await installation.checkReadings(of: load)
        for gateway in gateways { await gateway.stop() }
        await stack.stop()
    }
}
