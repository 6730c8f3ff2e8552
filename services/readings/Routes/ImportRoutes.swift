import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import NIOCore

/// `POST /api/v1/readings/import`: many readings of one or several devices as a CSV file, such as an export.
///
/// The body is read no faster than its readings are stored, one group after the other, so that of two rows of the same
/// key the first is kept, as within a request. Each group is judged by the plan's limits, since a file may have as many
/// readings as a thousand requests; where they come too fast, it waits for its share (``ImportPatience``), as nobody looks at
/// it meanwhile. Groups that were stored before something failed or was refused stay.
struct ImportRoutes: Sendable {
    /// Bytes of the file, on the wire and inflated.
    static let bodyBytes = 64 << 20
    /// So many imports are under way at once.
    static let maximumUnderWay = 4
    private static let options = RouteOptions(
        body: BodyRule(accepts: [.csv], wireLimit: bodyBytes, limit: bodyBytes))
    private static let leastRole = Role.member

    private let ingest: Ingest
    private let devices: DeviceStore
    private let slots = Slots(maximumUnderWay, share: maximumUnderWay / 2)

    init(ingest: Ingest, devices: DeviceStore) {
        self.ingest = ingest
        self.devices = devices
    }

    func add(to routes: inout RouteTable) {
        routes.post(
            "/api/v1/readings/import", .user(atLeast: Self.leastRole, orGrant: true), Self.options, use: take)
    }

    @Sendable private func take(_ request: Request, _ context: AppRequestContext) async throws -> JSON<ImportReport> {
        let (user, organization) = (try context.user, try context.organizationID)
        guard let slot = slots.take(for: organization) else {
            throw Problem.unavailable(retryAfter: 30, "Too many imports are under way; try again later.")
        }
        defer { withExtendedLifetime(slot) {} }
        var patience = ImportPatience()
        // Before the body is read, of which nothing would be stored.
        try await admit(organization, &patience)
        var file = ImportFile()
        var report = ImportReport()
        func store(_ group: ImportedReadings) async throws {
            do {
                try await admit(organization, &patience)
            } catch let refusal as IngestRefusal where report.stored > 0 {
                throw ImportInterrupted(refusal: refusal, stored: report.stored, line: group.line)
            }
            try await self.store(group, by: user, in: organization, &report)
        }
        var size = 0
        for try await piece in request.body {
            size += piece.readableBytes
            guard size <= context.maxUploadSize else {
                throw Problem(.contentTooLarge, "The file is larger than \(context.maxUploadSize) bytes.")
            }
            file.append(piece.readableBytesView)
            while let group = try file.next(isEnd: false) { try await store(group) }
        }
        while let group = try file.next(isEnd: true) { try await store(group) }
        return JSON(report)
    }

    /// Waits until the organization may send, as long as there is patience for it.
    ///
    /// - Throws: ``IngestRefusal``, `PostgresError`, `CancellationError`.
    private func admit(_ organization: UUID, _ patience: inout ImportPatience) async throws {
        while true {
            do {
                return try await ingest.admit(organization)
            } catch let refusal as IngestRefusal {
                guard case .tooFast(_, _, let wait) = refusal, patience.take(wait) else { throw refusal }
                // As long as it takes until readings are allowed again; a client that goes away ends it.
                try await Task.sleep(for: wait)
            }
        }
    }

    private func store(
        _ group: ImportedReadings, by user: UserPrincipal, in organization: UUID, _ report: inout ImportReport
    ) async throws {
        let writable = try await devices.writable(
            Array(group.devices.keys), by: user, atLeast: Self.leastRole, in: organization)
        try await ingest.prepare(writable, in: organization)
        var rows: [DeviceRows] = []
        var rejections = group.rejections
        for (device, columns) in group.devices {
            guard writable.contains(device) else {
                rejections += columns.rejections(of: ImportFile.deviceColumn, because: DeviceStore.notWritable)
                continue
            }
            var columns = columns
            rows.append(try await ingest.rows(&columns, of: device, in: organization))
            rejections += columns.rejections
        }
        let answer = try await ingest.store(rows, beside: rejections)
        report.add(answer?.outcome ?? IngestOutcome(), rejected: rejections)
    }
}

extension ReadingColumns {
    /// All of the readings, because of one of their fields.
    fileprivate func rejections(of field: String, because message: String) -> [Rejection] {
        (positions.map(Int.init) + rejections.map(\.index)).map {
            Rejection(index: $0, field: field, message: message)
        }
    }
}
