import Testing

@testable import DevicesService

@Suite struct FirmwareRuleTests {
    @Test(arguments: [
        ("1", "1"), ("v1.2", "1.2"), ("1.4.2", "1.4.2"), ("2026.1.15.3", "2026.1.15.3"), ("1.0.0-rc.1", "1.0.0-rc.1"),
        ("1.0.0+5114f85", "1.0.0+5114f85"), ("1.0.0-rc-2.x+b.1-2", "1.0.0-rc-2.x+b.1-2"),
    ])
    func `a version is numbers, with a pre-release and a build`(text: String, version: String) {
        #expect(FirmwareVersion(text)?.text == version)
    }

    @Test(arguments: [
        "", "v", "latest", "1.", ".1", "1..2", "1.2.3.4.5", "1.0.0-", "1.0.0+", "1.0.0-a..b", "1.0.0+a+b", "1.0 ", "-1",
        "1.0.0-é", "1.0/2", "vv1", "１", "1." + String(repeating: "0", count: 63),
    ])
    func `anything else is no version`(text: String) {
        #expect(FirmwareVersion(text) == nil)
    }

    @Test func `an outcome that was told before is none, but for another version`() throws {
        let (one, two) = (try #require(FirmwareVersion("1")), try #require(FirmwareVersion("2")))
        let applied = FirmwareUpdateReport(version: one, state: .applied)
        let failed = FirmwareUpdateReport(version: one, state: .failed, error: "no room")
        #expect(!FirmwareUpdateReport(version: one, state: .downloading, progress: 1).isNewOutcome(after: nil))
        #expect(applied.isNewOutcome(after: nil))
        #expect(!applied.isNewOutcome(after: applied))
        #expect(applied.isNewOutcome(after: failed))
        #expect(FirmwareUpdateReport(version: two, state: .applied).isNewOutcome(after: applied))
    }
}
