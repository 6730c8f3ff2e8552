import Foundation
import Identity
import Synchronization
import TestKit
import Testing

@testable import ReadingsService

/// What still works while a server is away; each test has servers of its own.
@Suite(.serialized) struct DegradingTests {
    /// What the devices service would answer of keys that ended early.
    private final class KeyRevocations: Sendable {
        private let items = Mutex<[Revocation]>([])

        func add(_ hash: SecretHash) {
            items.withLock { $0.append(Revocation(.deviceKey(hash), at: Date(), lifetime: 3600)) }
        }

        func answer(_ request: TestHTTPRequest) -> TestHTTPServer.Answer {
            guard request.path.hasPrefix("/internal/v1/revocations") else { return (404, "{}") }
            let after = request.path.split(separator: "=").dropFirst().first.flatMap { Int($0) } ?? 0
            let items = items.withLock { Array($0.dropFirst(after)) }
            let page = RevocationPage(items: items, next: String(after + items.count))
            guard let json = try? JSONEncoder().encode(page) else { return (500, "{}") }
            return (200, String(decoding: json, as: UTF8.self))
        }
    }

    @Test(arguments: [true, false])
    func `with Redis frozen or killed readings are taken, and a revoked key is refused within a second`(
        isFrozen: Bool
    ) async throws {
        let servers = try await TestServers.start()
        let redis = try #require(servers.redis)
        let revocations = KeyRevocations()
        let owner = try await TestOwner.start { revocations.answer($0) }
        let server = try await ReadingsServer.start(
            on: try await ReadingsServer.makeDatabase(on: servers), devices: owner)
        let device = try await server.device()
        let other = try await server.device()
        #expect(try await device.send(["sensor_type": "t", "value": 1]).status == 201)

        func expectRefusalOfRevokedAlone() async throws {
            #expect(try await device.send(["sensor_type": "t", "value": 2]).status == 201)
            revocations.add(device.keyHash)
            try await eventually(within: .seconds(1)) {
                try await device.send(["sensor_type": "t", "value": 3]).status == 401
            }
            #expect(try await other.send(["sensor_type": "t", "value": 4]).status == 201)
        }
        if isFrozen {
            try await redis.whileFrozen(expectRefusalOfRevokedAlone)
        } else {
            await redis.kill(.kill)
            try await expectRefusalOfRevokedAlone()
        }
        await servers.stop()
    }
}
