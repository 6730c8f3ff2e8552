import Foundation
import Identity
import Kernel
import ServiceLifecycle
import TestKit

@testable import DevicesService

/// An instance of the devices service.
struct DevicesServer: Sendable {
    let service: TestService
    let waiters: PollWaiters
    private let group: ServiceGroup

    /// The one that all tests share.
    static func shared() async throws -> DevicesServer { try await sharedServer.value }

    private static let sharedServer = Task { try await start(on: try await makeDatabase()) }

    static func makeDatabase(on servers: TestServers? = nil) async throws -> TestDatabase {
        try await TestDatabase.make(migrations: [.devices: DevicesService.description.migrations!], on: servers)
    }

    /// Starts an instance, which runs as long as the process unless it is shut down.
    ///
    /// - Parameter settings: Such as who stands in for other services.
    static func start(on database: TestDatabase, settings: [String: String] = [:]) async throws -> DevicesServer {
        var made: (waiters: PollWaiters, group: ServiceGroup)?
        let service = try await TestService.start(
            .devices, DevicesService.description, on: database, settings: settings
        ) { environment in
            let parts = try await DevicesService.build(environment)
            let group = ServiceGroup(configuration: .init(services: parts.services, logger: environment.logger))
            made = (parts.waiters, group)
            return (parts.http, [GroupService(group: group)])
        }
        return DevicesServer(service: service, waiters: made!.waiters, group: made!.group)
    }

    /// Begins the shutdown that a signal begins.
    func shutDown() async {
        await group.triggerGracefulShutdown()
    }

    /// A new organization with an admin.
    func organization() async throws -> TestOrganization {
        let id = UUID.v7()
        return TestOrganization(id: id, server: self, admin: try await service.user(.admin, of: id))
    }
}

private struct GroupService: ServiceLifecycle.Service {
    let group: ServiceGroup

    func run() async throws { try await group.run() }
}

/// An organization of one test.
struct TestOrganization: Sendable {
    let id: UUID
    let server: DevicesServer
    let admin: TestHTTPClient

    /// A browser in which somebody of that role is signed in.
    func browser(_ role: Role, grants: [ResourceGrant] = []) async throws -> Browser {
        let token = try await TestIssuer.shared().token(
            in: id, as: grants.isEmpty ? role : nil, grants: grants)
        return Browser(client: server.service.client, cookie: "session_token=\(token)")
    }

    /// A new device; `fields` beside its name and type.
    func device(_ fields: [String: JSONValue] = [:]) async throws -> TestDevice {
        var body: [String: JSONValue] = ["name": "Incubator 3", "device_type": "esp32"]
        body.merge(fields) { $1 }
        let response = try await admin.post("/api/v1/devices", .object(body))
        guard response.status == 201, let id = response.json["id"].string, let key = response.json["api_key"].string
        else { throw UnexpectedAnswer(response: response) }
        return TestDevice(
            id: id, key: key, organization: self, client: server.service.client.authorized(key), answer: response)
    }
}

struct TestDevice: Sendable {
    let id: String
    let key: String
    let organization: TestOrganization
    /// With the device's key.
    let client: TestHTTPClient
    /// To its registration.
    let answer: TestHTTPResponse

    var path: String { "/api/v1/devices/\(id)" }

    /// The device as people see it.
    func shown() async throws -> JSONValue { try await organization.admin.get(path).json }

    /// Queues a command, and returns its id.
    func queue(_ type: String = "blink", _ fields: [String: JSONValue] = [:]) async throws -> String {
        var body: [String: JSONValue] = ["command_type": .string(type)]
        body.merge(fields) { $1 }
        let response = try await organization.admin.post("\(path)/commands", .object(body))
        guard response.status == 201, let id = response.json["id"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return id
    }

    /// The ids of what a poll hands out.
    func poll(_ query: String = "") async throws -> [String] {
        let response = try await client.get("\(path)/commands\(query)")
        guard response.status == 200, let items = response.json["items"].array else {
            throw UnexpectedAnswer(response: response)
        }
        return items.compactMap(\.["id"].string)
    }

    /// Sends log entries, to its own path where no other is given.
    func log(_ entries: JSONValue..., at path: String? = nil) async throws -> TestHTTPResponse {
        try await client.post("\(path ?? self.path)/logs", ["entries": .array(entries)])
    }

    func report(_ command: String, _ status: String) async throws -> TestHTTPResponse {
        try await client.put("\(path)/commands/\(command)", ["status": .string(status)])
    }
}
