import Foundation
import Identity
import Kernel
import Postgres
import Testing

@testable import DevicesService

@Suite struct DomainTests {
    @Test(arguments: [
        ("A4:CF:12:0B:7E:01", "a4:cf:12:0b:7e:01"), ("a4-cf-12-0b-7e-01", "a4:cf:12:0b:7e:01"),
        ("a4cf120b7e01", "a4:cf:12:0b:7e:01"), ("a4:cf:12:0b:7e", nil), ("g4:cf:12:0b:7e:01", nil), ("", nil),
    ])
    func `a MAC address has one spelling`(text: String, expected: String?) {
        #expect(DeviceProfile.macAddress(in: text) == expected)
    }

    @Test func `a profile is trimmed and has no tag twice`() {
        var profile = DeviceProfile(name: " Incubator \n", deviceType: "esp32 ")
        profile.tags = ["lab", " lab ", "cold"]
        let normalized = profile.normalized
        #expect(normalized.name == "Incubator")
        #expect(normalized.deviceType == "esp32")
        #expect(normalized.tags == ["lab", "cold"])
    }

    @Test func `a rotation leaves the current key for the overlap and revokes older ones`() {
        let now = Timestamp.now
        func key(_ name: String, until end: Timestamp?) -> DeviceKey {
            DeviceKey(hash: SecretHash(of: name), deviceID: UUID(), organizationID: UUID(), version: 1, expiresAt: end)
        }
        let (old, current) = (key("old", until: now.adding(.seconds(60))), key("current", until: nil))
        let rotation = KeyRotation(of: [old, current], overlap: .seconds(10), at: now)
        #expect(rotation.revoked == [old])
        #expect(rotation.overlapping?.hash == current.hash)
        #expect(rotation.overlapping?.expiresAt == now.adding(.seconds(10)))
        #expect(rotation.overlapping?.version == 2)
        let atOnce = KeyRotation(of: [current], overlap: .zero, at: now)
        #expect(atOnce.revoked == [current])
        #expect(atOnce.overlapping == nil)
    }

    @Test func `a difference has the members that differ`() throws {
        let difference = try Difference(["a": 1, "b": 2], ["a": 1, "b": 3])
        #expect(difference.before == ["b": .integer(2)])
        #expect(difference.after == ["b": .integer(3)])
    }

    @Test func `a search pattern takes its text as it is`() {
        #expect(DeviceFilter.pattern(containing: #"50%_\"#) == #"%50\%\_\\%"#)
    }
}
