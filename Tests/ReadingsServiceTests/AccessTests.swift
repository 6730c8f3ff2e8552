import FoundationEssentials
import HTTPKit
import Identity
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import ReadingsService

/// Every route by everybody: who gets past it is who the table here says, and nobody else.
@Suite struct AccessTests {
    private static let expected: [String: Access] = [
        "POST /api/v1/devices/{id}/readings": .device, "POST /api/v1/{token}/telemetry": .device,
        "POST /api/v1/readings": .user(atLeast: .member, orGrant: true),
        "DELETE /api/v1/readings": .user(atLeast: .admin),
        "POST /api/v1/readings/import": .user(atLeast: .member, orGrant: true),
        "GET /api/v1/readings/export": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/devices/{id}/readings": .userOrDevice(atLeast: .viewer, orGrant: true),
        "GET /api/v1/devices/{id}/readings/latest": .userOrDevice(atLeast: .viewer, orGrant: true),
        "GET /api/v1/devices/{id}/readings/stats": .userOrDevice(atLeast: .viewer, orGrant: true),
        "GET /api/v1/devices/{id}/readings/retention": .user(atLeast: .viewer, orGrant: true),
        "PUT /api/v1/devices/{id}/readings/retention": .user(atLeast: .admin),
        "DELETE /api/v1/devices/{id}/readings/retention": .user(atLeast: .admin),
        "GET /api/v1/readings/stats": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/readings/aggregation": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/readings/quality": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/readings/trends": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/readings": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/readings/latest": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/analytics/summary": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/analytics/trends": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/analytics/reports": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/sensor-types": .userOrDevice(atLeast: .viewer, orGrant: true),
        "GET /internal/v1/readings": .internalService,
        "GET /livez": .public, "GET /readyz": .public, "GET /metrics": .public, "GET /openapi.yaml": .public,
    ]

    @Test func `every route is for those it is meant for`() async throws {
        let routes = try await ReadingsServer.shared().service.http.routes.routes
        let served = Dictionary(uniqueKeysWithValues: routes.map { ("\($0.method.rawValue) \($0.path)", $0.access) })
        #expect(served == Self.expected)
    }

    @Test func `every principal gets through, or is refused, as the table says`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let organization = device.organization
        var callers: [(principal: Principal?, client: TestHTTPClient)] = [
            (nil, server.service.client), (.service(name: "devices"), try await server.service.peer("devices")),
            (
                .device(DevicePrincipal(id: device.id, organizationID: organization, keyHash: device.keyHash)),
                device.client
            ),
        ]
        for role in Role.allCases {
            let principal = UserPrincipal(
                id: UUID(), organizationID: organization, role: role, sessionID: UUID(), tokenID: UUID(),
                issuedAt: Date(), expiresAt: nil)
            callers.append((.user(principal), try await server.service.user(role, of: organization)))
        }
        for (name, access) in Self.expected where access != .public {
            let parts = name.split(separator: " ").map(String.init)
            let path = parts[1].replacing("{id}", with: device.id.text).replacing("{token}", with: "x")
            for (principal, client) in callers {
                let status = try await client.send(HTTPMethod(rawValue: parts[0]), path).status
                switch access.allows(principal) {
                case .unauthenticated: #expect(status == 401, "\(name)")
                case .forbidden: #expect(status == 403, "\(name) by \(String(describing: principal))")
                case .allowed: #expect(![401, 403, 500].contains(status), "\(name): \(status)")
                }
            }
        }
    }

    @Test func `a personal access token needs the scope of the route`() async throws {
        let server = try await ReadingsServer.shared()
        let deviations = try await server.service.http.scopeDeviations(by: server.service.client) { route in
            [TokenScope(.readings, route.hasPrefix("GET ") ? .read : .write)]
        }
        #expect(deviations == [])
    }
}

@Suite struct ContractTests {
    @Test func `the document has exactly the routes of the table`() async throws {
        let server = try await ReadingsServer.shared()
        #expect(try await server.service.documentedOperations() == server.service.servedOperations)
    }
}
