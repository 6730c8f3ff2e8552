import Foundation
import Identity
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import RealtimeService

/// Who gets a socket, and who loses it.
struct AdmissionTests {
    private let organization = UUID.v7()

    private func status(_ path: String, _ headers: HTTPHeaders) async throws -> Int {
        let port = try await RealtimeServer.shared().service.port
        do {
            try await TestWebSocket.connect(port: port, path: path, headers: headers).disconnect()
            return 101
        } catch let refused as TestWebSocket.Refused {
            return refused.response.status
        }
    }

    @Test(arguments: ["/ws/live-data", "/ws/device-status", "/ws/alerts"])
    func whoIsNotKnownIsRefused(_ path: String) async throws {
        #expect(try await status(path, [:]) == 401)
        #expect(try await status(path, ["authorization": "Bearer nonsense"]) == 401)
        #expect(try await status(path + "?ticket=nonsense", [:]) == 401)
    }

    @Test func whoIsInNoOrganizationIsRefused() async throws {
        let token = try await TestIssuer.shared().token(in: nil, as: nil)
        #expect(try await status("/ws/live-data", ["authorization": "Bearer \(token)"]) == 403)
    }

    @Test func aCookieIsTakenFromOurOwnPagesOnly() async throws {
        let port = try await RealtimeServer.shared().service.port
        let cookie = "session_token=\(try await TestIssuer.shared().token(in: organization, as: .viewer))"
        let own = "http://127.0.0.1:\(port)"
        #expect(try await status("/ws/live-data", ["cookie": cookie, "origin": own]) == 101)
        #expect(try await status("/ws/live-data", ["cookie": cookie, "origin": "https://evil.example"]) == 403)
        #expect(try await status("/ws/live-data", ["cookie": cookie]) == 403)
    }

    @Test func aTicketOpensOneSocket() async throws {
        let user = try await RealtimeServer.shared().service.user(.viewer, of: organization)
        let answer = try await user.post("/api/v1/stream/ticket")
        #expect(answer.status == 201)
        let json = answer.json
        #expect(json["expires_in"].int == 30)
        let ticket = try #require(json["ticket"].string)
        #expect(try await status("/ws/live-data?ticket=\(ticket)", [:]) == 101)
        #expect(try await status("/ws/live-data?ticket=\(ticket)", [:]) == 401)
    }

    @Test(arguments: [false, true])
    func aRevokedUserIsClosedWithinASecond(isRemovedMember: Bool) async throws {
        let server = try await RealtimeServer.shared()
        let user = UUID.v7()
        let subject =
            isRemovedMember ? Revocation.Subject.membership(user: user, organization: organization) : .user(user)
        let socket = try await server.socket(of: organization, user: user)
        let other = try await server.socket(of: organization)
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        let revocation = Revocation(subject, at: now, until: now + 60_000_000)
        try await server.service.redis.publish(
            Array(try JSONEncoder().encode(revocation)), to: Revocation.channel)
        #expect(try await socket.closeCode(within: .seconds(1)) == 4401)
        try await other.send(["action": "ping"])
        _ = try await other.next("pong")
    }

    @Test func anExpiredTokenClosesItsSocket() async throws {
        let socket = try await RealtimeServer.shared().socket(of: organization, lifetime: 2)
        #expect(try await socket.closeCode(within: .seconds(4)) == 4401)
    }

    @Test func aPlainRequestIsToldToUpgrade() async throws {
        let user = try await RealtimeServer.shared().service.user(.viewer, of: organization)
        #expect(try await user.get("/ws/live-data").status == 426)
    }
}
