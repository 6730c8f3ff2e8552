import Foundation
import Identity
import Kernel
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import RealtimeService

/// What somebody watches who may see single devices and projects only.
@Suite struct GrantTests {
    private let organization = UUID.v7()
    private let project = UUID.v7()

    private func headers(_ grants: [ResourceGrant]) async throws -> HTTPHeaders {
        let token = try await TestIssuer.shared().token(in: organization, as: nil, grants: grants)
        return ["authorization": "Bearer \(token)"]
    }

    private func socket(_ grants: [ResourceGrant], _ server: RealtimeServer) async throws -> TestWebSocket {
        let socket = try await TestWebSocket.connect(
            port: server.service.port, path: "/ws/live-data", headers: headers(grants))
        _ = try await socket.next("hello")
        return socket
    }

    private func assign(
        _ device: UUID, to project: UUID?, version: Int = 1, _ server: RealtimeServer
    ) async throws {
        try await server.tell(
            .devices, version == 1 ? "device.registered" : "device.updated", device, version, organization,
            [
                "id": .string(device.text), "organization_id": .string(organization.text), "name": "Incubator",
                "device_type": "esp32", "status": "online",
                "project_id": project.map { .string($0.text) } ?? .null,
            ])
        try await eventually {
            let known = try await server.service.query(
                "SELECT 1 FROM realtime.devices WHERE id = \(device) AND version = \(version)")
            return !known.isEmpty
        }
    }

    @Test func `frames are of the devices that the grants name, whatever is subscribed`() async throws {
        let server = try await RealtimeServer.shared()
        let (granted, ofProject, other) = (UUID.v7(), UUID.v7(), UUID.v7())
        try await assign(ofProject, to: project, server)
        let socket = try await socket(
            [
                ResourceGrant(resource: .device(granted), role: .viewer),
                ResourceGrant(resource: .project(project), role: .viewer),
            ], server)
        func publish() async throws {
            for device in [other, granted, other, ofProject] {
                try await server.publish([1], device: device, to: organization)
            }
        }
        try await publish()
        for device in [granted, ofProject] {
            #expect(try await socket.nextJSON()["data"]["device_id"].string == device.text)
        }
        try await socket.send(
            #"{"action": "subscribe", "device_ids": ["\#(other.text)", "\#(ofProject.text)"]}"#)
        _ = try await socket.next("subscribed")
        try await publish()
        #expect(try await socket.nextJSON()["data"]["device_id"].string == ofProject.text)
        await socket.disconnect()
    }

    @Test func `a socket is closed when its projects have other devices`() async throws {
        let server = try await RealtimeServer.shared()
        let device = UUID.v7()
        try await assign(device, to: project, server)
        let grants = [ResourceGrant(resource: .project(project), role: .viewer)]
        let socket = try await socket(grants, server)
        try await assign(device, to: nil, version: 2, server)
        #expect(try await socket.closeCode() == 1013)
        let next = try await self.socket(grants, server)
        try await server.publish([1], device: device, to: organization)
        try await next.send(#"{"action": "ping"}"#)
        #expect(try await next.nextJSON()["type"] == "pong")
        await next.disconnect()
    }

    @Test func `a ticket carries the grants, and the dashboard is for members`() async throws {
        let server = try await RealtimeServer.shared()
        let device = UUID.v7()
        let headers = try await headers([ResourceGrant(resource: .device(device), role: .viewer)])
        let ticket = try await server.service.client.post("/api/v1/stream/ticket", headers: headers).json["ticket"]
        let socket = try await TestWebSocket.connect(
            port: server.service.port, path: "/ws/live-data?ticket=\(try #require(ticket.string))")
        _ = try await socket.next("hello")
        for shown in [UUID.v7(), device] { try await server.publish([1], device: shown, to: organization) }
        #expect(try await socket.nextJSON()["data"]["device_id"].string == device.text)
        await socket.disconnect()
        #expect(try await server.service.client.get("/api/v1/dashboard", headers: headers).status == 403)
    }
}
