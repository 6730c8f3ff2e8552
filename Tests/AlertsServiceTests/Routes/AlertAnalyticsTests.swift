import FoundationEssentials
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import AlertsService

@Suite struct AlertAnalyticsTests {
    private static let path = "/api/v1/analytics/alerts"
    private static let from = Timestamp("2026-03-20T23:00:00Z")!
    private static let to = Timestamp("2026-04-05T22:00:00Z")!
    private static let range = "from=\(from)&to=\(to)&tz=Europe/Berlin"

    /// An alert as it is stored.
    private struct Sample {
        let rule: Int
        let device: Int
        let severity: Severity
        let status: AlertStatus
        let triggeredAt: Timestamp
        let acknowledgedAt: Timestamp?
        let resolvedAt: Timestamp?

        init(_ generator: inout SplitMix64) {
            func after(_ time: Timestamp, _ generator: inout SplitMix64) -> Timestamp {
                time.adding(.seconds(Int.random(in: 1...50_000, using: &generator)))
            }
            // Low numbers are more often.
            rule = Int.random(in: 0...Int.random(in: 0..<15, using: &generator), using: &generator)
            device = Int.random(in: 0..<8, using: &generator)
            severity = Severity.allCases.randomElement(using: &generator) ?? .low
            status = AlertStatus.allCases.randomElement(using: &generator) ?? .active
            let start = AlertAnalyticsTests.from.adding(.seconds(-100_000))
            triggeredAt = start.adding(.seconds(Int.random(in: 0...1_600_000, using: &generator)))
            let isAcknowledged = status == .acknowledged || status != .active && Bool.random(using: &generator)
            acknowledgedAt = isAcknowledged ? after(triggeredAt, &generator) : nil
            resolvedAt = status == .resolved ? after(acknowledgedAt ?? triggeredAt, &generator) : nil
        }
    }

    /// An organization with random alerts, the same in every run.
    private struct Scene {
        let laboratory: Laboratory
        let rules = (0..<15).map { _ in UUID.v7() }
        let devices = (0..<8).map { _ in UUID.v7() }
        let samples: [Sample]

        init() async throws {
            laboratory = try await AlertsServer.shared().laboratory()
            var generator = SplitMix64(seed: 4)
            samples = (0..<400).map { _ in Sample(&generator) }
            let rows = samples
            _ = try await laboratory.server.query(
                """
                INSERT INTO alerts.alerts (
                    id, organization_id, rule_id, rule_name, device_id, sensor_type, severity, status, message,
                    condition, threshold_value, value, reading_time, triggered_at, count, last_value,
                    last_reading_time, acknowledged_at, resolved_at, version)
                SELECT gen_random_uuid(), \(laboratory.organization), rule, 'Rule', device, 'sensor ' || number,
                    severity, status, 'Hot', 'gt', 30, 31, triggered_at, triggered_at, 1, 31, triggered_at,
                    acknowledged_at, resolved_at, 1
                FROM unnest(
                    \(rows.map { rules[$0.rule] }), \(rows.map { devices[$0.device] }),
                    \(rows.map(\.severity.rawValue)), \(rows.map(\.status.rawValue)), \(rows.map(\.triggeredAt)),
                    \(rows.map(\.acknowledgedAt)), \(rows.map(\.resolvedAt)))
                    WITH ORDINALITY AS row (
                        rule, device, severity, status, triggered_at, acknowledged_at, resolved_at, number)
                """)
        }

        /// What the statistics are to be of.
        var counted: [Sample] {
            samples.filter { AlertAnalyticsTests.from <= $0.triggeredAt && $0.triggeredAt < AlertAnalyticsTests.to }
        }
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private func expect(_ json: JSONValue, _ durations: [Duration]) {
        let seconds = durations.map { $0 / .seconds(1) }
        let mean = seconds.reduce(0, +) / Double(seconds.count)
        #expect(json["count"].int == seconds.count)
        #expect(abs((json["mean_s"].double ?? 0) - mean) < 1e-6 * mean)
        #expect(abs((json["median_s"].double ?? 0) - median(seconds)) < 1e-6 * mean)
    }

    @Test func `counts, shares and times are those of the alerts that began in the range`() async throws {
        let scene = try await Scene()
        let counted = scene.counted
        #expect(counted.count > 200 && counted.count < 400)
        let answer = try await scene.laboratory.client(.viewer).get("\(Self.path)?\(Self.range)")
        #expect(answer.status == 200, "\(answer)")
        let json = answer.json
        #expect(json["total"].int == counted.count)
        #expect(json["open"].int == counted.count { $0.status.isOpen })
        for severity in Severity.allCases {
            #expect(json["by_severity"][severity.rawValue].int == counted.count { $0.severity == severity })
        }
        for status in AlertStatus.allCases {
            #expect(json["by_status"][status.rawValue].int == counted.count { $0.status == status })
        }
        let dismissed = counted.count { $0.status == .dismissed }
        #expect(json["dismissed_share"].double == Double(dismissed) / Double(counted.count))
        expect(json["time_to_acknowledge"], counted.compactMap { $0.acknowledgedAt?.since($0.triggeredAt) })
        expect(json["time_to_resolve"], counted.compactMap { $0.resolvedAt?.since($0.triggeredAt) })
    }

    @Test func `rules and devices come with most alerts first`() async throws {
        let scene = try await Scene()
        let json = try await scene.laboratory.client(.viewer).get("\(Self.path)?\(Self.range)").json
        func counts(_ list: String, _ id: String) -> [String: Int] {
            (json[list].array ?? []).reduce(into: [:]) { $0[$1[id].string ?? ""] = $1["count"].int }
        }
        let byRule = Dictionary(grouping: scene.counted) { scene.rules[$0.rule].text }
        #expect(counts("by_rule", "rule_id") == byRule.mapValues(\.count))
        let byDevice = Dictionary(grouping: scene.counted) { scene.devices[$0.device].text }
        #expect(counts("by_device", "device_id") == byDevice.mapValues(\.count))
        let noisiest = json["noisiest_rules"].array ?? []
        #expect(noisiest == Array((json["by_rule"].array ?? []).prefix(10)))
        #expect(noisiest.compactMap { $0["count"].int } == Array(byRule.values.map(\.count).sorted(by: >).prefix(10)))
        for rule in noisiest {
            let alerts = byRule[rule["rule_id"].string ?? ""] ?? []
            let dismissed = alerts.count { $0.status == .dismissed }
            #expect(rule["dismissed_share"].double == Double(dismissed) / Double(alerts.count))
        }
    }

    @Test func `days are those of the zone, all of them, and one has an hour less`() async throws {
        let scene = try await Scene()
        let json = try await scene.laboratory.client(.viewer).get("\(Self.path)?\(Self.range)").json
        let rows = try await scene.laboratory.server.query(
            """
            SELECT to_char(day, 'YYYY-MM-DD'), (
                SELECT count(*) FROM alerts.alerts
                WHERE organization_id = \(scene.laboratory.organization)
                    AND triggered_at >= day::timestamp AT TIME ZONE 'Europe/Berlin'
                    AND triggered_at < (day + 1)::timestamp AT TIME ZONE 'Europe/Berlin')
            FROM (SELECT date '2026-03-21' + n AS day FROM generate_series(0, 15) AS n) AS days ORDER BY day
            """)
        let days = try rows.map { row -> JSONValue in
            let (date, count) = try row.decode(String.self, Int.self)
            return ["date": .string(date), "count": .number(Double(count))]
        }
        #expect(json["by_day"].array == days)
        #expect(json["tz"] == "Europe/Berlin" && json["from"].string == Self.from.rfc3339)
    }

    @Test func `who may see single devices is told of those alone, and strangers of nothing`() async throws {
        let scene = try await Scene()
        let token = try await TestIssuer.shared().token(
            in: scene.laboratory.organization, as: nil,
            grants: [ResourceGrant(resource: .device(scene.devices[3]), role: .viewer)])
        let guest = scene.laboratory.server.anonymous.authorized(token)
        let json = try await guest.get("\(Self.path)?\(Self.range)").json
        #expect(json["total"].int == scene.counted.count { $0.device == 3 })
        #expect(json["by_device"].array?.map { $0["device_id"].string } == [scene.devices[3].text])
        let stranger = try await scene.laboratory.server.laboratory().client(.owner)
        let nothing = try await stranger.get("\(Self.path)?\(Self.range)").json
        #expect(nothing["total"] == 0 && nothing["by_rule"] == [] && nothing["dismissed_share"].isNull)
        #expect(nothing["by_day"].array?.count == 16)
        #expect(nothing["time_to_resolve"] == ["count": 0])
    }

    @Test(arguments: [
        ("from=2025-01-01T00:00:00Z&to=2026-01-02T00:00:01Z", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"), ("to=tomorrow", "to"),
        ("tz=Europe/Atlantis", "tz"), ("tz=UTC%2B3", "tz"),
    ])
    func `what makes no sense is refused with its field`(_ query: String, _ field: String) async throws {
        let viewer = try await AlertsServer.shared().laboratory().client(.viewer)
        let answer = try await viewer.get("\(Self.path)?\(query)")
        #expect(answer.status == 422, "\(answer)")
        #expect(answer.json["errors"][0]["field"].string == field)
    }

    @Test func `a year with a leap day is the longest range, and the last day the one by default`() async throws {
        let viewer = try await AlertsServer.shared().laboratory().client(.viewer)
        let year = try await viewer.get("\(Self.path)?from=2025-01-01T00:00:00Z&to=2026-01-02T00:00:00Z")
        #expect(year.json["by_day"].array?.count == 366)
        let day = try await viewer.get(Self.path).json
        #expect(day["tz"] == "UTC")
        #expect((1...2).contains(day["by_day"].array?.count ?? 0))
    }
}
