import FoundationEssentials
import Glibc
import LocalStack
import Testing

@testable import lms

final class RosterTests {
    private let path = FileManager.default.temporaryDirectory.path + "/lms-roster-" + UUID().uuidString

    deinit {
        unlink(path)
    }

    @Test func `devices and keys are the same in the next run, and for nobody else's eyes`() throws {
        var roster = Roster(gateway: "http://localhost:8080", organizationID: "o")
        let entry = roster.entry(named: "Simulated room 1")
        roster.setDevice(RegisteredDevice(id: "d", apiKey: "lms_dev_x"), for: entry.name)
        try roster.save(to: PrivateFile(path))
        var again = Roster.load(from: PrivateFile(path), gateway: "http://localhost:8080", organizationID: "o")
        #expect(again == roster)
        #expect(again.entry(named: entry.name).device?.apiKey == "lms_dev_x")
        var file = stat()
        #expect(stat(path, &file) == 0)
        #expect(file.st_mode & 0o777 == 0o600)
    }

    @Test(arguments: [("http://localhost:8080", "other"), ("http://elsewhere:8080", "o")])
    func `keys of another gateway or organization are not used`(gateway: String, organization: String) throws {
        var roster = Roster(gateway: "http://localhost:8080", organizationID: "o")
        _ = roster.entry(named: "Simulated room 1")
        try roster.save(to: PrivateFile(path))
        let other = Roster.load(from: PrivateFile(path), gateway: gateway, organizationID: organization)
        #expect(other.entries.isEmpty)
    }

    @Test func `a device that was never answered is asked for with the same key`() throws {
        var roster = Roster(gateway: "g", organizationID: "o")
        let first = roster.entry(named: "Simulated room 1")
        #expect(first.device == nil)
        #expect(roster.entry(named: "Simulated room 1") == first)
    }
}
