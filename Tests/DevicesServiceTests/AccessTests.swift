import Foundation
import HTTPKit
import Identity
import NIOHTTP1
import TestKit
import Testing

@testable import DevicesService

/// Who may use which route: declared here once more, by hand, and tried against the running service.
@Suite struct AccessTests {
    private static let expected: [String: Access] = [
        "POST /api/v1/devices": .user(atLeast: .admin),
        "GET /api/v1/devices": .user(atLeast: .viewer, orGrant: true),
        "POST /api/v1/devices/import": .user(atLeast: .admin),
        "GET /api/v1/devices/{id}": .userOrDevice(atLeast: .viewer, orGrant: true),
        "PUT /api/v1/devices/{id}": .user(atLeast: .admin, orGrant: true),
        "PATCH /api/v1/devices/{id}": .user(atLeast: .admin, orGrant: true),
        "DELETE /api/v1/devices/{id}": .user(atLeast: .admin, orGrant: true),
        "POST /api/v1/devices/{id}/rotate-key": .user(atLeast: .admin, orGrant: true),
        "GET /api/v1/devices/provisioning-keys": .user(atLeast: .admin),
        "POST /api/v1/devices/provisioning-keys": .user(atLeast: .admin),
        "DELETE /api/v1/devices/provisioning-keys/{key_id}": .user(atLeast: .admin),
        "POST /api/v1/devices/provision": .public, "POST /api/v1/devices/claim": .user(atLeast: .member, orGrant: true),
        "POST /api/v1/devices/{id}/claim-code": .userOrDevice(atLeast: .admin, orGrant: true),
        "GET /api/v1/devices/{id}/provision-status": .userOrDevice(atLeast: .viewer, orGrant: true),
        "POST /api/v1/devices/{id}/heartbeat": .device,
        "GET /api/v1/devices/{id}/status": .userOrDevice(atLeast: .viewer, orGrant: true),
        "POST /api/v1/devices/{id}/status": .device,
        "GET /api/v1/devices/{id}/config": .userOrDevice(atLeast: .viewer, orGrant: true),
        "PUT /api/v1/devices/{id}/config": .user(atLeast: .admin, orGrant: true),
        "PUT /api/v1/devices/{id}/config/reported": .device,
        "GET /api/v1/devices/{id}/config/versions": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/devices/{id}/config/versions/{version}": .user(atLeast: .viewer, orGrant: true),
        "POST /api/v1/devices/{id}/config/rollback": .user(atLeast: .admin, orGrant: true),
        "GET /api/v1/devices/config-descriptions": .user(atLeast: .viewer),
        "GET /api/v1/devices/config-descriptions/{device_type}": .user(atLeast: .viewer),
        "PUT /api/v1/devices/config-descriptions/{device_type}": .user(atLeast: .admin),
        "DELETE /api/v1/devices/config-descriptions/{device_type}": .user(atLeast: .admin),
        "POST /api/v1/devices/{id}/logs": .device,
        "GET /api/v1/devices/{id}/logs": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/devices/{id}/health": .user(atLeast: .viewer, orGrant: true),
        "GET /api/v1/devices/{id}/commands": .userOrDevice(atLeast: .viewer, orGrant: true),
        "POST /api/v1/devices/{id}/commands": .user(atLeast: .member, orGrant: true),
        "PUT /api/v1/devices/{id}/commands/{command_id}": .device,
        "POST /api/v1/devices/{id}/reboot": .user(atLeast: .member, orGrant: true),
        "POST /api/v1/devices/{id}/control/restart": .user(atLeast: .member, orGrant: true),
        "POST /api/v1/devices/{id}/control/calibrate": .user(atLeast: .member, orGrant: true),
        "POST /api/v1/devices/{id}/control/set-reading-interval": .user(atLeast: .member, orGrant: true),
        "POST /api/v1/devices/{id}/control/update-firmware": .user(atLeast: .member, orGrant: true),
        "GET /api/v1/firmware": .user(atLeast: .viewer), "POST /api/v1/firmware": .user(atLeast: .admin),
        "GET /api/v1/firmware/{id}": .user(atLeast: .viewer), "DELETE /api/v1/firmware/{id}": .user(atLeast: .admin),
        "PUT /api/v1/firmware/{id}/current": .user(atLeast: .admin),
        "DELETE /api/v1/firmware/{id}/current": .user(atLeast: .admin),
        "GET /api/v1/firmware/{id}/content": .userOrDevice(atLeast: .viewer),
        "GET /api/v1/devices/{id}/firmware": .userOrDevice(atLeast: .viewer, orGrant: true),
        "PUT /api/v1/devices/{id}/firmware/reported": .device,
        "GET /api/v1/commands": .user(atLeast: .viewer, orGrant: true),
        "POST /api/v1/commands": .user(atLeast: .member, orGrant: true),
        "GET /api/v1/commands/bulk": .user(atLeast: .viewer), "POST /api/v1/commands/bulk": .user(atLeast: .member),
        "GET /api/v1/commands/bulk/{id}": .user(atLeast: .viewer),
        "DELETE /api/v1/commands/bulk/{id}": .user(atLeast: .member),
        "GET /api/v1/commands/templates": .user(atLeast: .viewer),
        "POST /api/v1/commands/templates": .user(atLeast: .admin),
        "GET /api/v1/commands/templates/{id}": .user(atLeast: .viewer),
        "PUT /api/v1/commands/templates/{id}": .user(atLeast: .admin),
        "DELETE /api/v1/commands/templates/{id}": .user(atLeast: .admin),
        "GET /api/v1/commands/{id}": .user(atLeast: .viewer, orGrant: true),
        "DELETE /api/v1/commands/{id}": .user(atLeast: .member, orGrant: true),
        "GET /api/v1/admin/devices": .superuser,
        "POST /api/v1/provision": .public, "POST /api/v1/{token}/attributes": .device,
        "GET /api/v1/{token}/attributes": .device, "GET /api/v1/{token}/attributes/updates": .device,
        "GET /api/v1/{token}/rpc": .device, "POST /api/v1/{token}/rpc/{id}": .device,
        "GET /api/v1/{token}/firmware": .device,
        "GET /internal/v1/device-keys/{hash}": .internalService, "GET /internal/v1/revocations": .internalService,
        "GET /internal/v1/snapshot/devices": .internalService, "GET /internal/v1/snapshot/keys": .internalService,
        "GET /devices": .user(atLeast: .viewer, orGrant: true),
        "GET /devices/new": .user(atLeast: .admin), "POST /devices/new": .user(atLeast: .admin),
        "GET /devices/{id}": .user(atLeast: .viewer, orGrant: true),
        "GET /devices/{id}/state": .user(atLeast: .viewer, orGrant: true),
        "GET /devices/{id}/commands": .user(atLeast: .viewer, orGrant: true),
        "POST /devices/{id}": .user(atLeast: .admin, orGrant: true),
        "POST /devices/{id}/delete": .user(atLeast: .admin, orGrant: true),
        "POST /devices/{id}/commands": .user(atLeast: .member, orGrant: true),
        "POST /devices/{id}/commands/{command_id}/cancel": .user(atLeast: .member, orGrant: true),
        "POST /devices/{id}/config": .user(atLeast: .admin, orGrant: true),
        "POST /devices/{id}/rotate-key": .user(atLeast: .admin, orGrant: true),
        "GET /static/devices/{file}": .public, "GET /livez": .public, "GET /readyz": .public, "GET /metrics": .public,
        "GET /openapi.yaml": .public,
    ]

    private static let forPrograms = expected.filter { $0.value != .public && !isForBrowsers($0.key) }

    private static func isForBrowsers(_ name: String) -> Bool {
        !name.contains(" /api/") && !name.contains(" /internal/")
    }

    @Test func `every route is for those it is meant for`() async throws {
        let routes = try await DevicesServer.shared().service.http.routes.routes
        let served = Dictionary(uniqueKeysWithValues: routes.map { ("\($0.method.rawValue) \($0.path)", $0.access) })
        #expect(served == Self.expected)
    }

    @Test func `every principal gets through, or is refused, as the table says`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        var callers: [(principal: Principal?, client: TestHTTPClient)] = [
            (nil, server.service.client), (.service(name: "readings"), try await server.service.peer()),
            (
                .device(
                    DevicePrincipal(id: UUID(), organizationID: organization.id, keyHash: SecretHash(of: device.key))),
                device.client
            ),
        ]
        for role in Role.allCases {
            let principal = UserPrincipal(
                id: UUID(), organizationID: organization.id, role: role, sessionID: UUID(), tokenID: UUID(),
                issuedAt: Date(), expiresAt: nil)
            callers.append((.user(principal), try await server.service.user(role, of: organization.id)))
        }
        for (name, access) in Self.forPrograms {
            let (method, path) = Self.request(name)
            for (principal, client) in callers {
                let status = try await client.send(method, path).status
                switch access.allows(principal) {
                case .unauthenticated: #expect(status == 401, "\(name)")
                case .forbidden: #expect(status == 403, "\(name) by \(String(describing: principal))")
                case .allowed: #expect(![401, 403, 500].contains(status), "\(name): \(status)")
                }
            }
        }
    }

    @Test func `false, foreign and revoked credentials are refused everywhere`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let device = try await organization.device()
        #expect(try await organization.admin.delete(device.path).status == 204)
        try await eventually { try await device.client.get(device.path).status == 401 }
        let expired = try await TestIssuer.shared().token(in: organization.id, as: .owner, lifetime: -10)
        let genuine = try await TestIssuer.shared().token(in: organization.id, as: .owner)
        let forged = String(genuine.dropLast(4)) + "AAAA"
        for name in Self.forPrograms.keys {
            let (method, path) = Self.request(name)
            for token in [device.key, expired, forged, "x", "lms_dev_x", "lms_pat_x"] {
                #expect(
                    try await server.service.client.authorized(token).send(method, path).status == 401,
                    "\(name): \(token)")
            }
        }
    }

    @Test func `a personal access token needs the scope of the route`() async throws {
        let server = try await DevicesServer.shared()
        let deviations = try await server.service.http.scopeDeviations(by: server.service.client) { route in
            // A form is for who is signed in.
            guard route.hasPrefix("GET ") || !Self.isForBrowsers(route) else { return nil }
            return [TokenScope(.devices, route.hasPrefix("GET ") ? .read : .write)]
        }
        #expect(deviations == [])
    }

    @Test func `a browser that nobody has signed in with is sent to do so, whatever page it asks for`() async throws {
        let server = try await DevicesServer.shared()
        for name in Self.expected.filter({ $0.value != .public }).keys where Self.isForBrowsers(name) {
            let (method, path) = Self.request(name)
            for cookie in ["", "session_token=x"] {
                let response = try await server.service.client.send(
                    method, path, headers: ["accept": "text/html", "cookie": cookie])
                #expect(response.status == 303, "\(name): \(response)")
                #expect(response.header("location")?.hasPrefix("/auth/login") == true, "\(name)")
            }
        }
    }

    @Test func `no form is taken without its own token, nor from who may not send it`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let admin = try await organization.browser(.admin)
        let viewer = try await organization.browser(.viewer)
        let foreign = try await viewer.form("/devices/\(device.id)").token
        for (name, access) in Self.expected where Self.isForBrowsers(name) && name.hasPrefix("POST") {
            let path = Self.request(name).1
            let form = try await admin.form("/devices/\(device.id)")
            for token in [nil, "", "x", foreign] {
                let response = try await form.submit(to: path, pairs: token.map { [("csrf_token", $0)] } ?? [])
                #expect(response.status == 403, "\(name): \(response)")
            }
            let response = try await viewer.submit(path, from: "/devices/\(device.id)")
            #expect(response.status == 403, "\(name), \(access): \(response)")
        }
        #expect(try await device.shown()["version"] == 1)
    }

    private static func request(_ name: String) -> (HTTPMethod, String) {
        let parts = name.split(separator: " ").map(String.init)
        let places = ["{id}", "{command_id}", "{key_id}", "{hash}", "{version}", "{device_type}", "{token}"]
        let path = places.reduce(parts[1]) { $0.replacingOccurrences(of: $1, with: UUID().uuidString) }
        // Nobody waits here.
        let polls = ["GET /api/v1/{token}/attributes/updates", "GET /api/v1/{token}/rpc"]
        return (HTTPMethod(rawValue: parts[0]), polls.contains(name) ? path + "?timeout=1" : path)
    }
}
