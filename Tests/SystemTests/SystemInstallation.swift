import Foundation
import LocalStack
import Logging
import Postgres
import TestKit

/// All seven processes with a PostgreSQL and a Redis of their own, reached through the gateway.
struct SystemInstallation: Sendable {
    let stack: Stack
    let client: TestHTTPClient

    private static let sharedInstallation = Task { try await start() }

    /// The one that tests share which break nothing.
    static func shared() async throws -> SystemInstallation { try await sharedInstallation.value }

    /// Starts one, which ends with the process of the tests.
    ///
    /// - Parameter settings: Beside those of all.
    static func start(_ settings: [String: String] = [:]) async throws -> SystemInstallation {
        let path =
            FileManager.default.temporaryDirectory.path + "/lms-system-"
            + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        var options = Stack.Options(binaries: binaries, purpose: .tests)
        options.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "LMS_WEBHOOK_ALLOW_PRIVATE": "true",
            "LMS_LOG_LEVEL": "notice",
            // All tests come from the same address.
            "LMS_GATEWAY_ADDRESS_RATE": "1000", "LMS_GATEWAY_ADDRESS_BURST": "5000",
            "LMS_REGISTRATIONS_PER_HOUR": "100000",
        ].merging(settings) { $1 }
        var logger = Logger(label: "system")
        logger.logLevel = .error
        let stack = try await Stack.prepare(in: StateFolder(path: path), options, logger: logger)
        Task { await stack.run() }
        let client = TestHTTPClient(port: stack.installation.port(.gateway))
        try await eventually(within: .seconds(60)) {
            let health = try await client.get("/api/v1/system/health")
            guard health.status == 200 else { throw UnexpectedAnswer(response: health) }
            return true
        }
        return SystemInstallation(stack: stack, client: client)
    }

    /// The executables are built into the folder of the test bundle.
    static var binaries: String {
        let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
        let path = bundle ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    var port: Int { client.port }

    /// Asks the database as its administrator.
    func query(_ sql: SQL) async throws -> Rows {
        try await withClient(stack.installation.administrator) { try await $0.query(sql) }
    }

    /// Somebody who has just registered, as the owner of an organization of their own.
    ///
    /// - Parameter organization: Its name; nil leaves it to the service.
    func owner(named name: String = "Ada", of organization: String? = "Cell Culture") async throws -> Owner {
        let email = "user-\(UUID().uuidString.lowercased())@example.org"
        let response = try await client.post(
            "/api/v1/auth/register",
            [
                "email": .string(email), "password": .string(Owner.password), "name": .string(name),
                "organization_name": organization.map { .string($0) } ?? .null,
            ])
        guard response.status == 201, let token = response.json["access_token"].string,
            let organization = response.json["organization"]["id"].string
        else { throw UnexpectedAnswer(response: response) }
        return Owner(
            installation: self, email: email, organization: organization, token: token, api: client.authorized(token))
    }
}

struct Owner: Sendable {
    static let password = "correct horse battery"

    let installation: SystemInstallation
    let email: String
    let organization: String
    let token: String
    let api: TestHTTPClient

    /// Signs in once more, with the password.
    func logIn() async throws -> TestHTTPResponse {
        try await installation.client.post(
            "/api/v1/auth/login", ["email": .string(email), "password": .string(Self.password)])
    }

    /// The same person with the token of a new session.
    func signedInAgain() async throws -> Owner {
        let response = try await logIn()
        guard response.status == 200, let token = response.json["access_token"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return Owner(
            installation: installation, email: email, organization: organization, token: token,
            api: installation.client.authorized(token))
    }

    /// A new device.
    ///
    /// - Parameter interval: The seconds between its readings; it is offline when it has missed three.
    func device(_ name: String = "Incubator", readingEvery interval: Double = 60) async throws -> Device {
        let response = try await api.post(
            "/api/v1/devices",
            ["name": .string(name), "device_type": "esp32", "reading_interval": .number(interval)])
        guard response.status == 201, let id = response.json["id"].string, let key = response.json["api_key"].string
        else { throw UnexpectedAnswer(response: response) }
        return Device(id: id, api: installation.client.authorized(key))
    }
}

struct Device: Sendable {
    let id: String
    /// With the device's key.
    let api: TestHTTPClient

    var path: String { "/api/v1/devices/\(id)" }

    func send(_ readings: [JSONValue]) async throws -> TestHTTPResponse {
        try await api.post("\(path)/readings", ["readings": .array(readings)])
    }
}
