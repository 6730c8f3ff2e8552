import EventBus
import FoundationEssentials
import HTTPKit
import Postgres

/// Lets a rule go over past readings, page by page, and tells when it would have fired.
struct RuleTest: Sendable {
    /// How it went, as it is answered.
    struct Report: Sendable {
        var firings: [Firing] = []
        /// How many readings, and devices with any, were gone over.
        var readings = 0
        var devices = 0
        /// Whether there was more than could be gone over in the time, or told.
        var isTruncated = false
    }

    static let mostFirings = 1_000
    /// Below the 30 s after which the gateway answers instead.
    static let patience = Duration.seconds(25)
    private static let devicesPerQuestion = 100

    let rules: RuleStore
    let readings: PastReadings

    /// - Parameter among: The devices of the rule to go over; nil for all.
    /// - Throws: 409 for a rule that goes by no readings, 503 while the readings service does not answer;
    ///   `PostgresError`.
    func run(_ rule: Rule, over range: TimeRange, among: [UUID]?) async throws -> Report {
        guard !rule.definition.kind.sensorTypes.isEmpty else {
            throw Problem.conflict(
                "A rule of the kind \(rule.definition.kind.name.rawValue) cannot be tested: it goes by no readings.")
        }
        let end = ContinuousClock.now.advanced(by: Self.patience)
        var report = Report()
        var last: UUID?
        repeat {
            let devices = try await rules.devices(
                in: rule.definition.scope, among: among, after: last, limit: Self.devicesPerQuestion,
                of: rule.organizationID)
            if !devices.isEmpty { try await run(rule, over: range, at: devices, until: end, &report) }
            last = devices.count == Self.devicesPerQuestion ? devices.last : nil
            if last != nil, ContinuousClock.now > end { report.isTruncated = true }
        } while last != nil && !report.isTruncated
        return report
    }

    private func run(
        _ rule: Rule, over range: TimeRange, at devices: [UUID], until end: ContinuousClock.Instant,
        _ report: inout Report
    ) async throws {
        var replay: RuleReplay?
        var cursor: String?
        repeat {
            let page = try await readings.page(
                of: devices, sensorTypes: rule.definition.kind.sensorTypes, range, in: rule.organizationID,
                after: cursor)
            let entry = try TelemetryEntry(Array(page.readings))
            for index in 0..<entry.count {
                let device = entry.devices[Int(entry.device[index])]
                if replay?.deviceID != device {
                    report.conclude(replay, at: range.end)
                    replay = RuleReplay(rule, at: device)
                }
                replay?.take(entry.reading(at: index), of: entry.sensorTypes[Int(entry.sensorType[index])])
            }
            report.readings += entry.count
            cursor = page.next
            // What a device fires counts before it is gone over to its end, so that this is never much too much.
            let fired = report.firings.count + (replay?.firings.count ?? 0)
            if cursor != nil, fired > Self.mostFirings || ContinuousClock.now > end { report.isTruncated = true }
        } while cursor != nil && !report.isTruncated
        report.conclude(replay, at: report.isTruncated ? nil : range.end)
    }
}

extension RuleTest.Report {
    /// Adds what a device fired.
    ///
    /// - Parameter end: Where the time range ends; nil where the device was not gone over to its end.
    fileprivate mutating func conclude(_ replay: RuleReplay?, at end: Timestamp?) {
        guard var replay else { return }
        if let end { replay.finish(at: end) }
        devices += 1
        firings += replay.firings
        guard firings.count > RuleTest.mostFirings else { return }
        firings.removeLast(firings.count - RuleTest.mostFirings)
        isTruncated = true
    }
}

extension TelemetryEntry {
    fileprivate func reading(at index: Int) -> Reading {
        Reading(
            time: Timestamp(microseconds: time[index]), value: value[index],
            quality: Quality(rawValue: quality[index]) ?? .good)
    }
}
