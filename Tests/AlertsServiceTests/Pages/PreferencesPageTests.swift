import Identity
import TestKit
import Testing

@testable import AlertsService

@Suite struct PreferencesPageTests {
    private static let path = "/alerts/preferences"

    @Test func `somebody says what they are mailed, and sees it again`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let viewer = try await laboratory.browser(.viewer)
        #expect(try await viewer.get(Self.path).text.contains("name=\"enabled\" value=\"true\" checked"))
        let saved = try await viewer.submit(
            Self.path,
            [
                ("enabled", "true"), ("minimum_severity", "high"), ("quiet", "true"), ("days", "sat"),
                ("from", "22:00"),
                ("to", "06:00"), ("time_zone", "Europe/Berlin"),
            ], from: Self.path)
        let page = try await viewer.landing(saved).text
        #expect(page.contains("value=\"high\" selected") && page.contains("value=\"22:00\""))
        #expect(page.contains("value=\"sat\" checked") && !page.contains("value=\"mon\" checked"))
        #expect(page.contains("value=\"Europe/Berlin\""))
    }

    @Test(arguments: [("from", "late", "quiet-from-error"), ("time_zone", "<Here>", "quiet-time_zone-error")])
    func `hours that are none are said so at the field`(field: String, value: String, id: String) async throws {
        let viewer = try await AlertsServer.shared().laboratory().browser(.viewer)
        var fields = ["quiet": "true", "days": "sat", "from": "22:00", "to": "06:00", "time_zone": "UTC"]
        fields[field] = value
        fields["minimum_severity"] = "low"
        let page = try await viewer.submit(Self.path, fields.map { ($0, $1) }, from: Self.path)
        #expect(page.status == 422 && page.text.contains("id=\"\(id)\""), "\(page)")
        #expect(!page.text.contains("<Here>"))
    }
}
