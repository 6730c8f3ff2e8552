import Testing

@testable import lms

struct ProjectionDifferencesTests {
    private static func differences(_ rows: (String, String)...) throws -> ProjectionDifferences {
        let projection = try #require(Projection.all.first { $0.keeper == .alerts })
        return ProjectionDifferences(projection, rows.map { (subject: $0.0, kind: $0.1) })
    }

    @Test func `what differs is counted by kind, with an example and how to mend it`() throws {
        let finding = try Self.differences(("b", "missing"), ("a", "missing"), ("c", "outdated")).finding
        #expect(finding.isProblem)
        #expect(
            finding.lines == [
                "problem  projections: alerts does not know all devices as the devices service has them: "
                    + "2 missing, such as a; 1 outdated, such as c",
                "         While all services run, type: lms events rebuild alerts",
            ])
    }

    @Test func `only what differs in the same way for some time counts`() throws {
        let first = try Self.differences(("a", "missing"), ("b", "missing"), ("c", "left over"))
        #expect(first.standing(with: try Self.differences()).isEmpty)
        #expect(first.standing(with: try Self.differences(("a", "outdated"), ("d", "missing"))).isEmpty)
        let standing = first.standing(with: try Self.differences(("b", "missing"), ("e", "left over")))
        #expect(standing.subjects[.missing] == ["b"])
        #expect(standing.subjects[.leftOver]?.isEmpty == true)
        #expect(!standing.isEmpty)
    }

    @Test func `every table that other services keep of devices and keys is looked at`() {
        #expect(
            Projection.all.map { "\($0.keeper).\($0.kind)" }.sorted() == [
                "alerts.devices", "billing.devices", "readings.devices", "readings.keys", "realtime.devices",
            ])
    }
}
