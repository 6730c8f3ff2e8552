import EventBus
import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import BillingService

@Suite struct UsageTests {
    @Test func `readings are counted once per batch, whoever they belong to`() async throws {
        let server = try await BillingServer.shared()
        let (first, second) = (UUID.v7(), UUID.v7())
        let batch = Int.random(in: 1...1_000_000_000)
        // A batch that is published again comes in another event, perhaps with others.
        try await server.publish(
            .usage([batch: [first: 50, second: 7]]), .usage([batch: [first: 50, second: 7]]),
            .usage([batch: [first: 50, second: 7], batch + 1: [first: 1], batch + 2: [first: 2]]))
        #expect(try await server.today(first)["readings"].int == 53)
        #expect(try await server.today(second)["readings"].int == 7)
    }

    @Test func `commands and notifications are counted once per event`() async throws {
        let server = try await BillingServer.shared()
        let organization = UUID.v7()
        let command = try Event.counted("command.queued", by: .devices, organization)
        try await server.publish(
            command, command, .counted("command.queued", by: .devices, organization),
            .counted("notification.sent", by: .alerts, organization),
            .counted("notification.failed", by: .alerts, organization))
        let today = try await server.today(organization)
        #expect(today["commands"].int == 2)
        #expect(today["notifications"].int == 1)
    }

    @Test func `a device counts on every day on which it was there`() async throws {
        let server = try await BillingServer.shared()
        let organization = UUID.v7()
        let (kept, gone) = (UUID.v7(), UUID.v7())
        // In whichever order the facts come.
        try await server.publish(
            .device("registered", kept, of: organization), .device("deleted", gone, of: organization),
            .device("registered", gone, of: organization))
        #expect(try await server.today(organization)["devices"].int == 2)
        try await withClient(server.database.administrator) { client in
            _ = try await client.query(
                """
                UPDATE billing.devices SET registered_at = '2026-01-02T10:00:00Z',
                    deleted_at = CASE WHEN id = \(gone) THEN timestamptz '2026-01-03T10:00:00Z' END
                WHERE organization_id = \(organization)
                """)
        }
        let usage = try await server.client(in: organization, as: .viewer)
            .get("/api/v1/billing/usage?from=2026-01-01&to=2026-01-05").json
        #expect(usage["items"].array?.map { $0["devices"].int } == [0, 2, 2, 1])
        #expect(usage["totals"]["devices"].int == 2)
    }

    @Test func `the answer has every day of the range, totals and limits`() async throws {
        let server = try await BillingServer.shared()
        let organization = UUID.v7()
        try await withClient(server.database.administrator) { client in
            _ = try await client.query(
                """
                INSERT INTO billing.usage_daily (organization_id, date, readings, commands)
                VALUES (\(organization), '2026-02-01', 5, 1), (\(organization), '2026-02-03', 7, 2),
                    (\(organization), '2026-02-04', 100, 100)
                """)
        }
        let viewer = try await server.client(in: organization, as: .viewer)
        let usage = try await viewer.get("/api/v1/billing/usage?from=2026-02-01&to=2026-02-04T00:00:00Z").json
        #expect(usage["items"].array?.map { $0["date"].string } == ["2026-02-01", "2026-02-02", "2026-02-03"])
        #expect(usage["items"].array?.map { $0["readings"].int } == [5, 0, 7])
        #expect(usage["totals"]["readings"].int == 12)
        #expect(usage["totals"]["commands"].int == 3)
        #expect(usage["limits"]["readings_per_month"].int == 100_000_000)
        #expect(
            try await server.client(in: .v7(), as: .owner)
                .get("/api/v1/billing/usage?from=2026-02-01&to=2026-02-04").json["totals"]["readings"].int == 0)
    }

    @Test(arguments: [
        "from=yesterday", "to=2026-13-01", "from=2026-02-02&to=2026-02-01", "from=2020-01-01&to=2026-01-01",
    ])
    func `what is no range is refused`(_ query: String) async throws {
        let server = try await BillingServer.shared()
        let answer = try await server.client(in: .v7(), as: .viewer).get("/api/v1/billing/usage?\(query)")
        #expect(answer.status == 422)
    }

    @Test func `ids are forgotten once nothing can come twice any more`() async throws {
        let server = try await BillingServer.shared()
        let batch = Int.random(in: 1_000_000_001...2_000_000_000)
        try await server.publish(.usage([batch: [.v7(): 1]]), .usage([batch + 1: [.v7(): 1]]))
        try await withClient(server.database.administrator) { client in
            _ = try await client.query(
                "UPDATE billing.usage_batches SET counted_at = now() - interval '15 days' WHERE id = \("\(batch)")")
        }
        try await withClient(server.database.configuration(.billing)) { client in
            try await UsageStore(database: client).prune()
            let left = try await client.query(
                "SELECT id FROM billing.usage_batches WHERE id = ANY(\(["\(batch)", "\(batch + 1)"]))")
            #expect(try left.map { try $0.decode(String.self, at: 0) } == ["\(batch + 1)"])
        }
    }
}

@Suite struct UsagePeriodTests {
    @Test(arguments: [
        ("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"),
        ("2026-02-01T13:00:00Z", "2026-02-02T00:00:01Z", "2026-02-01T00:00:00Z", "2026-02-03T00:00:00Z"),
        ("2026-02-01T13:00:00Z", "2026-02-01T13:00:00Z", "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"),
        ("1969-12-31T13:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"),
    ])
    func `a period is the days it touches`(_ from: String, _ to: String, _ start: String, _ end: String) throws {
        let period = try UsagePeriod(from: Timestamp(rfc3339: from)!, to: Timestamp(rfc3339: to)!)
        #expect(period.start == Timestamp(rfc3339: start))
        #expect(period.end == Timestamp(rfc3339: end))
    }

    @Test func `a period is at most a leap year long`() throws {
        let start = Timestamp(rfc3339: "2026-01-01T00:00:00Z")!
        _ = try UsagePeriod(from: start, to: start.adding(.seconds(366 * 86_400)))
        #expect(throws: UsagePeriod.Invalid.tooLong) {
            try UsagePeriod(from: start, to: start.adding(.seconds(366 * 86_400 + 1)))
        }
        #expect(throws: UsagePeriod.Invalid.endsBeforeItStarts) {
            try UsagePeriod(from: start.adding(.seconds(1)), to: start)
        }
    }

    @Test func `a month begins at its first midnight`() {
        let time = Timestamp(rfc3339: "2026-11-23T19:27:00.123456Z")!
        #expect(UsagePeriod.startOfMonth(of: time) == Timestamp(rfc3339: "2026-11-01T00:00:00Z"))
    }
}
