import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import RealtimeService

@Suite struct AccessTests {
    @Test func `a personal access token needs the scope of the route`() async throws {
        let server = try await RealtimeServer.shared()
        let deviations = try await server.service.http.scopeDeviations(by: server.service.client) { route in
            // A ticket is asked for with any token, whose scopes it carries.
            route == "POST /api/v1/stream/ticket" ? [] : [TokenScope(.devices, .read), TokenScope(.alerts, .read)]
        }
        #expect(deviations == [])
    }

    private func token(_ scopes: Set<TokenScope>, of organization: UUID = .v7()) async throws -> HTTPHeaders {
        let token = try await TestIssuer.shared().accessToken(in: organization, as: .viewer, scopes: scopes)
        return ["authorization": "Bearer \(token)"]
    }

    @Test(arguments: [
        ("/ws/live-data", TokenScope(.readings, .read)), ("/ws/device-status", TokenScope(.devices, .read)),
        ("/ws/alerts", TokenScope(.alerts, .read)),
    ])
    func `a socket needs the scope of what it shows`(path: String, scope: TokenScope) async throws {
        let port = try await RealtimeServer.shared().service.port
        let refused = await #expect(throws: TestWebSocket.Refused.self) {
            let scopes = Set(TokenScope.allCases.filter { $0.verb == .write })
            return try await TestWebSocket.connect(port: port, path: path, headers: token(scopes))
        }
        #expect(refused?.response.status == 403)
        #expect(refused?.response.json["detail"].string?.contains(scope.rawValue) == true)
        try await TestWebSocket.connect(port: port, path: path, headers: token([scope])).disconnect()
    }

    @Test func `a token sees what its scopes name, by a ticket too`() async throws {
        let server = try await RealtimeServer.shared()
        let organization = UUID.v7()
        let headers = try await token([TokenScope(.alerts, .read)], of: organization)
        let ticket = try await server.service.client.post("/api/v1/stream/ticket", headers: headers).json["ticket"]
        for (path, headers) in [
            ("/ws/live-data", headers), ("/ws/live-data?ticket=\(ticket.string ?? "")", [:]),
        ] as [(String, HTTPHeaders)] {
            let socket = try await TestWebSocket.connect(port: server.service.port, path: path, headers: headers)
            _ = try await socket.next("hello")
            try await server.publish([1], to: organization)
            try await server.publish(.deviceStatus, to: organization)
            try await server.publish(.alert, to: organization)
            let frame = try await socket.nextJSON()
            #expect(frame["type"] == "alert")
            await socket.disconnect()
        }
    }
}
