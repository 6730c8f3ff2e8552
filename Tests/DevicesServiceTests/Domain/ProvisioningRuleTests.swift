import Foundation
import Identity
import Kernel
import Outbound
import Postgres
import Testing

@testable import DevicesService

@Suite struct ProvisioningRuleTests {
    private static let now = Timestamp.now

    private func key(
        until end: Timestamp? = nil, from ranges: [String]? = nil, uses: Int = 0, of maximum: Int? = nil
    ) -> ProvisioningKey {
        ProvisioningKey(
            id: .v7(), organizationID: .v7(),
            terms: ProvisioningTerms(
                name: "Line 1", maximumUses: maximum, expiresAt: end,
                allowedRanges: ranges?.compactMap(AddressRange.init)),
            uses: uses, createdBy: nil, createdAt: Self.now, lastUsedAt: nil)
    }

    @Test func `a key admits until its end`() {
        #expect(key().admits(nil, at: Self.now))
        #expect(key(until: Self.now.adding(.microseconds(1))).admits(nil, at: Self.now))
        #expect(!key(until: Self.now).admits(nil, at: Self.now))
    }

    @Test(arguments: [
        (["10.0.0.0/8", "2001:db8::/32"], "10.9.8.7", true), (["10.0.0.0/8", "2001:db8::/32"], "2001:db8::7", true),
        (["10.0.0.0/8"], "::ffff:10.9.8.7", true), (["10.0.0.0/8"], "11.0.0.1", false), (["10.0.0.0/8"], nil, false),
        (["0.0.0.0/0"], "2001:db8::7", false), (nil, "11.0.0.1", true), (nil, nil, true),
    ])
    func `a key admits from its ranges`(ranges: [String]?, address: String?, isAdmitted: Bool) {
        let address = address.flatMap { IPAddress($0) }
        #expect(key(from: ranges).admits(address, at: Self.now) == isAdmitted)
    }

    @Test func `a key makes as many devices as it may`() {
        #expect(key(uses: 1_000_000).canRegister)
        #expect(key(uses: 1, of: 2).canRegister)
        #expect(!key(uses: 2, of: 2).canRegister)
    }

    @Test func `what a board says goes before the defaults of its key`() {
        var defaults = ProvisioningDefaults(deviceType: "esp32", model: "M1", location: "Room 12", tags: ["lab"])
        defaults.readingInterval = 30
        let plain = BoardIdentity(serialNumber: "SN-1").newProfile(defaults)
        #expect(plain.name == "esp32 SN-1")
        #expect(plain.model == "M1")
        #expect(plain.tags == ["lab"])
        #expect(plain.readingInterval == 30)
        let board = BoardIdentity(
            serialNumber: "SN-1", deviceType: "esp32-s3", model: "M2", macAddress: "A4CF120B7E01")
        let told = board.newProfile(defaults)
        #expect(told.deviceType == "esp32-s3")
        #expect(told.model == "M2")
        #expect(told.macAddress == "a4:cf:12:0b:7e:01")
        #expect(BoardIdentity(serialNumber: "SN-1").newProfile(ProvisioningDefaults()).deviceType == "generic")
    }

    @Test func `a board that returns changes what it knows by itself`() {
        var profile = DeviceProfile(name: "Freezer", deviceType: "esp32")
        profile.model = "M1"
        profile.tags = ["cold"]
        let board = BoardIdentity(serialNumber: "SN-1", deviceType: "other", firmwareVersion: "2.0")
        let returned = board.returning(to: profile)
        profile.firmwareVersion = "2.0"
        #expect(returned == profile)
    }

    @Test func `a rotation keeps as many ending keys as it is told, those that hold longest`() {
        func key(_ name: String, in seconds: Int?) -> DeviceKey {
            DeviceKey(
                hash: SecretHash(of: name), deviceID: UUID(), organizationID: UUID(), version: 1,
                expiresAt: seconds.map { Self.now.adding(.seconds($0)) })
        }
        let keys = [key("a", in: 10), key("b", in: 30), key("c", in: nil), key("d", in: 20)]
        let rotation = KeyRotation(of: keys, overlap: .seconds(60), leftovers: 2, at: Self.now)
        #expect(rotation.overlapping?.hash == keys[2].hash)
        #expect(rotation.revoked == [keys[0]])
    }
}
