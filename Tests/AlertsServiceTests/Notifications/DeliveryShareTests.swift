import Kernel
import TestKit
import Testing

@testable import AlertsService

/// Receivers that never answer, beside some that do.
@Suite struct DeliveryShareTests {
    @Test func `receivers that never answer do not hold up another organization's`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let (silent, other) = (server.laboratory(), server.laboratory())
        let receiver = try await RawServer.start([])
        for _ in 0..<2 {
            var channels: [JSONValue] = []
            for _ in 0..<20 { channels.append(.string(try await silent.makeChannel(receiver.url))) }
            _ = try await silent.makeRule(["channel_ids": .array(channels)])
        }
        let prompt = try await TestHTTPServer.start()
        _ = try await other.makeRule(telling: try await other.makeChannel(prompt.url))

        try await silent.send(.v7(), [(1, 31)])
        try await eventually { receiver.connections >= DeliveryShares.mostOfOrganization }
        try await other.send(.v7(), [(1, 31)])
        try await eventually { prompt.requests.count == 1 }
        #expect(receiver.mostConnectionsAtOnce <= DeliveryShares.mostOfOrganization)
        #expect(try await silent.notifications("&status=pending").count == 40)
        try await server.running.stop()
    }

    @Test func `one that never answers does not hold up another channel of its organization`() async throws {
        let server = try await AlertsServer.start(on: try await AlertsServer.makeDatabase())
        let laboratory = server.laboratory()
        let silent = try await RawServer.start([])
        let rule = try await laboratory.makeRule(telling: try await laboratory.makeChannel(silent.url))
        // More than go at a time, and too few to go as one.
        for _ in 0..<Delivery.mostSingles { try await laboratory.send(.v7(), [(1, 31)]) }
        try await eventually { silent.connections >= DeliveryShares.mostOfChannel }
        let prompt = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel(prompt.url)
        let moved = try await laboratory.client(.admin).put(
            "/api/v1/alerts/rules/\(rule)", .rule(["channel_ids": [.string(channel)]]))
        #expect(moved.status == 200)
        try await laboratory.send(.v7(), [(1, 31)])
        try await eventually { prompt.requests.count == 1 }
        #expect(silent.mostConnectionsAtOnce <= DeliveryShares.mostOfChannel)
        try await server.running.stop()
    }
}
