import EventBus
import Foundation
import Identity
import Kernel
import NIOHTTP1
import Postgres
import Redis
import TestKit

@testable import RealtimeService

/// The realtime service, and what others would tell it.
struct RealtimeServer: Sendable {
    let service: TestService

    /// The instance that all tests share.
    static func shared() async throws -> RealtimeServer { try await sharedServer.value }

    private static let sharedServer = Task { try await start() }

    /// Starts an instance with a database of its own, which runs as long as the process.
    ///
    /// - Parameter settings: Such as who stands in for other services.
    static func start(settings: [String: String] = [:]) async throws -> RealtimeServer {
        let database = try await TestDatabase.make(migrations: [.realtime: RealtimeService.description.migrations!])
        return RealtimeServer(
            service: try await TestService.start(
                .realtime, RealtimeService.description, on: database, settings: settings,
                build: RealtimeService.build))
    }

    /// A socket of a viewer, which has been told hello.
    func socket(
        of organization: UUID, path: String = "/ws/live-data", user: UUID = .v7(), lifetime: TimeInterval = 900
    ) async throws -> TestWebSocket {
        let token = try await TestIssuer.shared().token(
            for: user, in: organization, as: .viewer, lifetime: lifetime)
        let socket = try await TestWebSocket.connect(
            port: service.port, path: path, headers: ["authorization": "Bearer \(token)"])
        _ = try await socket.next("hello")
        return socket
    }

    /// Appends one entry of readings, as the readings service does after a commit.
    func publish(
        _ values: [Double], of sensor: String = "temperature", device: UUID = UUID(), to organization: UUID
    ) async throws {
        let frames = values.map { value in
            LiveStream.Frame(
                deviceID: device, sensorType: sensor,
                json: Array(
                    """
                    {"device_id":"\(device.text)","sensor_type":"\(sensor)","value":\(value),"unit":"°C",\
                    "timestamp":"\(Timestamp.now.rfc3339)","quality":"good"}
                    """.utf8))
        }
        _ = try await service.redis.send(LiveStream.publish(.reading, frames, to: organization))
    }

    /// Appends a change of status or an alert.
    func publish(_ kind: LiveStream.Kind, device: UUID = UUID(), to organization: UUID) async throws {
        let frame = LiveStream.Frame(deviceID: device, json: Array(#"{"device_id":"\#(device.text)"}"#.utf8))
        _ = try await service.redis.send(LiveStream.publish(kind, [frame], to: organization))
    }

    /// Tells that a device exists.
    func register(_ device: UUID, name: String, of organization: UUID, version: Int = 1) async throws {
        try await tell(
            .devices, version == 1 ? "device.registered" : "device.updated", device, version, organization,
            [
                "id": .string(device.text), "organization_id": .string(organization.text), "name": .string(name),
                "device_type": "esp32", "status": "provisioned", "last_seen": nil,
            ])
    }

    func tell(
        _ source: Kernel.Service, _ type: String, _ subject: UUID, _ version: Int, _ organization: UUID,
        actor: String? = nil, _ data: JSONValue
    ) async throws {
        try await service.publish(
            try Event(
                source: source, type: type, subject: subject.text, subjectVersion: version,
                organizationID: organization, actor: actor, data: data))
    }
}
