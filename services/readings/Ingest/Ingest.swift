import FoundationEssentials
import Identity
import Metrics
import ServiceKit

/// Has stored what a request brings, and counts what became of it.
struct Ingest: Sendable {
    private let series: SeriesDirectory
    private let batcher: Batcher
    private let usage: UsageMeter
    private let accepted = Counter(label: "lms_readings_accepted")
    private let duplicates = Counter(label: "lms_readings_duplicate")
    private let rejected = Counter(label: "lms_readings_rejected")

    init(series: SeriesDirectory, batcher: Batcher, usage: UsageMeter) {
        self.series = series
        self.batcher = batcher
        self.usage = usage
    }

    /// Lets what is stored together through whole, or refuses it whole, as the organization stands with its plan. To be
    /// asked before anything is done for it.
    ///
    /// - Throws: ``IngestRefusal``, `PostgresError`.
    func admit(_ organization: UUID) async throws {
        try await usage.admit(organization)
    }

    /// Whether ``admit(_:)`` is known to let a request through.
    func allows(_ organization: UUID) -> Bool {
        usage.allows(organization)
    }

    /// Makes ready for ``rows(_:of:in:)`` of several devices.
    ///
    /// - Throws: `PostgresError`.
    func prepare(_ devices: Set<UUID>, in organization: UUID) async throws {
        try await series.load(devices, organization: organization)
    }

    /// Turns readings into rows of known series; those that do not fit theirs are rejected in `columns`.
    ///
    /// - Throws: `PostgresError`.
    func rows(_ columns: inout ReadingColumns, of device: UUID, in organization: UUID) async throws -> DeviceRows {
        try await series.resolve(&columns, device: device, organization: organization)
    }

    /// Stores the rows of one request; returns after their commit.
    ///
    /// - Parameter rejections: What the request brought besides.
    /// - Returns: Nil where there is no reading to store: what says something of a device beside its readings is not stored
    ///   alone.
    /// - Throws: `PostgresError`, ``Batcher/Busy``.
    func store(_ devices: [DeviceRows], beside rejections: [Rejection]) async throws -> IngestAnswer? {
        rejected.increment(by: rejections.count)
        let devices = devices.filter { $0.listed > 0 }
        guard !devices.isEmpty else { return nil }
        let outcome = try await batcher.store(devices)
        count(outcome)
        return IngestAnswer(outcome: outcome, rejected: rejections.sorted { $0.index < $1.index })
    }

    /// Has readings stored without waiting, if every one is valid and of a known sensor.
    ///
    /// - Returns: Whether they are; if not, nothing is done and `completion` is not called.
    func storeKnown(
        _ columns: ReadingColumns, of device: DevicePrincipal, trace: RequestTrace,
        completion: @escaping Batcher.Completion
    ) -> Bool {
        var columns = columns
        guard columns.rejections.isEmpty,
            let rows = series.resolveKnown(&columns, device: device.id, organization: device.organizationID),
            columns.rejections.isEmpty, rows.listed > 0
        else { return false }
        return batcher.store(rows, trace: trace) { result in
            if case .success(let outcome) = result { count(outcome) }
            completion(result)
        }
    }

    private func count(_ outcome: IngestOutcome) {
        accepted.increment(by: outcome.accepted)
        duplicates.increment(by: outcome.duplicates)
    }
}
