import EventBus
import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import Postgres
import Redis
import ServiceKit
import TestKit

@testable import AlertsService

/// The service, built as `main` builds it, with a database and a Redis of its own.
struct AlertsServer: Sendable {
    let http: HTTPApplication
    let database: TestDatabase
    let port: Int
    let redis: RedisClient
    let running: RunningServices

    /// The one that most tests share; its webhooks may reach this machine, and its mail goes to ``mail()``.
    static func shared() async throws -> AlertsServer { try await sharedServer.value }

    /// Where the shared one's letters arrive.
    static func mail() async throws -> MailServer { try await sharedMail.value }

    private static let sharedServer = Task { try await start(on: try await makeDatabase(), mail: try await mail()) }
    private static let sharedMail = Task { try await MailServer.start() }

    static func makeDatabase() async throws -> TestDatabase {
        try await TestDatabase.make(migrations: [.alerts: AlertsService.description.migrations!])
    }

    /// Starts an instance, which runs until it is stopped.
    ///
    /// - Parameters:
    ///   - devices: Where the devices service is; by default one that has nothing.
    ///   - auth: Where the auth service is; by default likewise.
    ///   - readings: Where the readings service is; by default likewise.
    ///   - mail: By default none is configured.
    ///   - mailsPerHour: To addresses that are not members'; nil for the default.
    static func start(
        on database: TestDatabase, allowsPrivateWebhooks: Bool = true, devices: String? = nil,
        auth: String? = nil, readings: String? = nil, mail: MailServer? = nil, mailsPerHour: Int? = nil
    ) async throws -> AlertsServer {
        var settings = [
            "LMS_WEBHOOK_ALLOW_PRIVATE": "\(allowsPrivateWebhooks)", "LMS_PUBLIC_URL": "https://lab.example",
        ]
        settings["LMS_DEVICES_URL"] = devices
        settings["LMS_AUTH_URL"] = auth
        settings["LMS_READINGS_URL"] = readings
        settings["LMS_ALERT_MAILS_PER_HOUR"] = mailsPerHour.map { "\($0)" }
        settings["LMS_MAIL_URL"] = mail.map { "smtp://127.0.0.1:\($0.port)" }
        let environment = try await database.environment(
            for: .alerts, AlertsService.description, settings: settings)
        let (http, services) = try await AlertsService.build(environment)
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let client = ClientService("test redis") { await redis.run() }
        let running = RunningServices(services + [client], logger: environment.logger)
        let server = AlertsServer(
            http: http, database: database, port: try await http.port(), redis: redis, running: running)
        try await eventually { try await TestHTTPClient(port: server.port).get("/readyz").status == 200 }
        try await redis.waitUntilConnected()
        return server
    }

    /// A client without credentials.
    var anonymous: TestHTTPClient { TestHTTPClient(port: port) }

    /// An organization of one's own.
    func laboratory() -> Laboratory { Laboratory(server: self, organization: .v7()) }

    /// Asks the database as its administrator.
    func query(_ sql: SQL) async throws -> Rows {
        try await withClient(database.administrator) { try await $0.query(sql) }
    }

    /// Announces a fact as the service it comes from does.
    func publish(_ event: Event) async throws {
        _ = try await redis.xadd(StreamName.events(event.source), [("event", event.json)])
    }
}

/// An organization and what its people and devices do.
struct Laboratory: Sendable {
    let server: AlertsServer
    let organization: UUID

    func client(_ role: Role) async throws -> TestHTTPClient {
        server.anonymous.authorized(try await TestIssuer.shared().token(in: organization, as: role))
    }

    /// A browser that somebody has signed in with.
    func browser(_ role: Role, grants: [ResourceGrant] = []) async throws -> Browser {
        let token = try await TestIssuer.shared().token(
            in: organization, as: grants.isEmpty ? role : nil, grants: grants)
        return Browser(client: server.anonymous, cookie: "session_token=\(token)")
    }

    /// Makes a rule for temperatures above 30, with `changes` to it, and answers its id.
    func makeRule(_ changes: [String: JSONValue] = [:]) async throws -> String {
        let answer = try await client(.admin).post("/api/v1/alerts/rules", .rule(changes))
        guard answer.status == 201, let id = answer.json["id"].string else { throw UnexpectedAnswer(response: answer) }
        return id
    }

    /// Publishes a batch of one device's temperatures: time in seconds and value.
    func send(_ device: UUID, _ readings: [(Int64, Double)], sensor: String = "temperature") async throws {
        _ = try await server.redis.send(batch(of: device, readings, sensor))
    }

    /// Publishes batches of devices' temperatures, of which nobody reads one before all are there.
    func sendAtOnce(_ batches: [(device: UUID, readings: [(Int64, Double)])]) async throws {
        _ = try await server.redis.pipeline(
            [RedisCommand("MULTI")] + batches.map { batch(of: $0.device, $0.readings, "temperature") }
                + [RedisCommand("EXEC")])
    }

    /// Publishes devices' temperatures as if each had been at its time, of which nobody reads one before all are there.
    func sendAsOf(_ readings: [(device: UUID, second: Int64, value: Double)]) async throws {
        let batches = readings.enumerated().map { index, reading in
            let id = StreamID(milliseconds: UInt64(reading.second * 1000), sequence: UInt64(index))
            return batch(of: reading.device, [(reading.second, reading.value)], "temperature", id: id)
        }
        _ = try await server.redis.pipeline([RedisCommand("MULTI")] + batches + [RedisCommand("EXEC")])
    }

    private func batch(
        of device: UUID, _ readings: [(Int64, Double)], _ sensor: String, id: StreamID? = nil
    ) -> RedisCommand {
        var entry = TelemetryEntry()
        for (second, value) in readings {
            entry.append(
                sensor, of: device, in: organization, at: Timestamp(microseconds: second * 1_000_000), value: value,
                quality: 2)
        }
        return .xadd(StreamName.telemetry(StreamName.telemetryPartition(of: device)), entry, id: id)
    }

    /// Lets a rule for all devices, made with `changes`, find a device too hot, and answers the id of its alert.
    func raise(_ device: UUID, _ changes: [String: JSONValue] = [:]) async throws -> String {
        let rule = try await makeRule(
            ["scope": ["device_ids": [.string(device.text)]]].merging(changes) { $1 })
        try await send(device, [(1, 31)])
        try await settle(device)
        guard let id = try await alerts(device, "&rule_id=\(rule)").first?["id"].string else {
            throw UnexpectedAnswer(response: try await client(.viewer).get("/api/v1/alerts"))
        }
        return id
    }

    /// A client of one user.
    func client(of user: UUID, _ role: Role = .member) async throws -> TestHTTPClient {
        server.anonymous.authorized(try await TestIssuer.shared().token(for: user, in: organization, as: role))
    }

    /// Tells of a new member of the organization and waits until that is known.
    func addMember(_ name: String, email: String? = nil, isVerified: Bool = true) async throws -> UUID {
        let user = UUID.v7()
        var data: [String: JSONValue] = [
            "organization_id": .string(organization.text), "user_id": .string(user.text), "role": "member",
            "name": .string(name), "is_email_verified": .bool(isVerified), "is_active": true, "user_version": 1,
        ]
        data["email"] = email.map(JSONValue.string)
        try await server.publish(
            Event(
                source: .auth, type: "member.added", subject: "\(organization.text)/\(user.text)", subjectVersion: 1,
                organizationID: organization, data: data))
        try await eventually {
            try await !server.query("SELECT 1 FROM alerts.members WHERE user_id = \(user)").isEmpty
        }
        return user
    }

    /// Tells that somebody is no member any more.
    func removeMember(_ user: UUID) async throws {
        try await server.publish(
            Event(
                source: .auth, type: "member.removed", subject: "\(organization.text)/\(user.text)",
                subjectVersion: 2, organizationID: organization,
                data: ["organization_id": organization.text, "user_id": user.text]))
    }

    /// The alerts of a device, newest first.
    func alerts(_ device: UUID, _ filter: String = "") async throws -> [JSONValue] {
        let answer = try await client(.viewer).get("/api/v1/alerts?device_id=\(device.text)\(filter)")
        return answer.json["items"].array ?? []
    }

    /// Waits until the device has an alert in that state, and answers it.
    func alert(_ device: UUID, status: String, count: Int? = nil) async throws -> JSONValue {
        try await eventually {
            try await alerts(device).first {
                $0["status"].string == status && (count == nil || $0["count"].int == count)
            }
        }
    }

    /// Waits until everything that was sent of a device's partition has been evaluated.
    func settle(_ device: UUID) async throws {
        let partition = StreamName.telemetryPartition(of: device)
        let newest = try await server.redis.send(
            RedisCommand("XREVRANGE", StreamName.telemetry(partition), "+", "-", "COUNT", "1"))
        let id = newest.array?.first?.array?.first?.string.flatMap(StreamID.init) ?? .zero
        try await eventually {
            let rows = try await server.query(
                "SELECT position FROM alerts.checkpoints WHERE partition = \(Int32(partition))")
            let position = try rows.first.flatMap { StreamID(try $0.decode(String.self, at: 0)) }
            return position.map { $0 >= id } ?? false
        }
    }

    /// Registers a device, and waits until this service knows it.
    func register(_ device: UUID = .v7(), named name: String = "Fridge") async throws -> UUID {
        try await server.publish(
            try Event(
                source: .devices, type: "device.registered", subject: device.text, subjectVersion: 1,
                organizationID: organization,
                data: [
                    "id": .string(device.text), "organization_id": .string(organization.text), "name": .string(name),
                    "tags": [],
                ] as JSONValue))
        try await eventually {
            try await !server.query("SELECT FROM alerts.devices WHERE id = \(device)").isEmpty
        }
        return device
    }

    /// The organization's events so far, of one type.
    func events(_ type: String) async throws -> [Event] {
        let entries = try await server.redis.xrange(StreamName.events(.alerts), count: 10_000)
        return try entries.compactMap { try $0["event"].map(Event.init(json:)) }
            .filter { $0.type == type && $0.organizationID == organization }
    }
}

extension JSONValue {
    /// A rule as a client writes it: temperatures above 30.
    static func rule(_ changes: [String: JSONValue] = [:]) -> JSONValue {
        let rule: [String: JSONValue] = [
            "name": "Too hot", "sensor_type": "temperature", "kind": "threshold", "condition": "gt",
            "threshold_value": 30, "severity": "high", "scope": ["all": true],
        ]
        return .object(rule.merging(changes) { $1 }.filter { $0.value != .null })
    }
}
