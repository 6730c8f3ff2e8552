import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AlertsService

@Suite struct PreferenceTests {
    private let path = "/api/v1/alerts/preferences"

    @Test func `everybody has preferences, one's own in each organization`() async throws {
        let server = try await AlertsServer.shared()
        let (laboratory, user) = (server.laboratory(), UUID.v7())
        let ada = try await laboratory.client(of: user, .viewer)
        let defaults: JSONValue = [
            "email": ["enabled": true, "minimum_severity": "low", "quiet_hours": .null, "except_critical": true]
        ]
        #expect(try await ada.get(path).json == defaults)
        let wanted: JSONValue = [
            "email": [
                "enabled": true, "minimum_severity": "high", "except_critical": false,
                "quiet_hours": [
                    "time_zone": "Europe/Berlin", "from": "22:00", "to": "07:00", "days": ["sat", "sun"],
                ],
            ]
        ]
        #expect(try await ada.put(path, wanted).json == wanted)
        #expect(try await ada.get(path).json == wanted)
        #expect(try await laboratory.client(.owner).get(path).json == defaults)
        #expect(try await server.laboratory().client(of: user).get(path).json == defaults)
        let daily = try await ada.put(
            path, ["email": ["quiet_hours": ["time_zone": "UTC", "from": "22:00", "to": "07:00"]]])
        #expect(daily.json["email"]["quiet_hours"]["days"].array?.count == 7)
        #expect(daily.json["email"]["minimum_severity"] == "low")
    }

    @Test func `what another browser has changed is not overwritten`() async throws {
        let ada = try await AlertsServer.shared().laboratory().client(of: .v7())
        func put(_ tag: String?) async throws -> TestHTTPResponse {
            try await ada.put(path, ["email": ["enabled": false]], headers: ["If-Match": tag ?? ""])
        }
        let first = try await ada.get(path).header("etag")
        let changed = try await put(first)
        #expect(changed.status == 200)
        #expect(try await put(first).status == 412)
        #expect(try await put(changed.header("etag")).status == 200)
    }

    @Test(
        arguments: [
            (["minimum_severity": "awful"], "email.minimum_severity"),
            (["quiet_hours": ["time_zone": "CEST", "from": "22:00", "to": "07:00"]], "email.quiet_hours.time_zone"),
            (["quiet_hours": ["time_zone": "UTC", "from": "22:00", "to": "25:00"]], "email.quiet_hours.to"),
            (["quiet_hours": ["time_zone": "UTC", "from": "22:00", "to": "22:00"]], "email.quiet_hours.to"),
            (["quiet_hours": ["time_zone": "UTC", "from": "00:00", "to": "24:00"]], "email.quiet_hours"),
            (
                ["quiet_hours": ["time_zone": "UTC", "from": "22:00", "to": "07:00", "days": []]],
                "email.quiet_hours.days"
            ),
        ] as [(JSONValue, String)])
    func `what makes no sense is refused`(_ email: JSONValue, _ field: String) async throws {
        let ada = try await AlertsServer.shared().laboratory().client(of: .v7())
        let answer = try await ada.put(path, ["email": email])
        #expect(answer.status == 422)
        #expect(answer.json["errors"][0]["field"].string == field)
    }
}
