import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import NIOCore

/// `GET /api/v1/readings/export`: readings as a file, of any size.
///
/// Rows come by device, sensor type and time, which is the order of the indexes; who was cut off goes on behind the last
/// row that they have (`after`). Who exports what is in the audit trail before the first row is on its way.
struct ExportRoutes: Sendable {
    private static let options = RouteOptions(body: .none, produces: ExportFormat.allCases.map(\.mediaType))

    private let export: ReadingExport
    private let slots = Slots(ReadingExport.maximumUnderWay, share: ReadingExport.maximumUnderWay / 2)

    init(export: ReadingExport) {
        self.export = export
    }

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/readings/export", .user(atLeast: .viewer, orGrant: true), Self.options, use: answer)
    }

    @Sendable private func answer(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let query = try request.query()
        let format = try query.value("format", as: ExportFormat.self) ?? ExportFormat(accept: request.headers[.accept])
        let selection = ReadingExport.Selection(
            filter: SeriesFilter(query, devices: try query.values("device_id", as: UUID.self), context),
            range: try query.timeRange(), after: try query.position("after"))
        let organization = try context.organizationID
        guard let slot = slots.take(for: organization) else {
            throw Problem.unavailable(retryAfter: 30, "Too many exports are under way; try again later.")
        }
        try await export.checkDatabase()
        // Who asks for the head alone is given no readings.
        if request.method != .head {
            try await export.audit(selection, as: format, organization: organization, by: try context.user.id)
        }
        let download = ReadingDownload(
            export: export, selection: selection, format: format, organization: organization, channel: context.channel,
            slot: slot)
        return Response(
            status: .ok,
            headers: [
                .contentType: format == .csv ? "text/csv; charset=utf-8" : format.mediaType.description,
                .contentDisposition: "attachment; filename=\"\(download.fileName)\"",
            ], body: ResponseBody { try await download.write(to: &$0) })
    }
}

/// An export on its way to a client. What fails in the middle cuts the connection, so that no part passes for the whole.
private struct ReadingDownload: Sendable {
    /// So long a piece of the answer may wait for its reader, who keeps a connection to the database busy.
    private static let patience = TimeAmount.seconds(60)

    let export: ReadingExport
    let selection: ReadingExport.Selection
    let format: ExportFormat
    let organization: UUID
    let channel: any Channel
    /// Kept until this is written, or will never be.
    let slot: Slots.Slot

    /// With the days of the range, as `readings-2026-11-23-2026-11-24.csv`.
    var fileName: String {
        let days = [selection.range.start, selection.range.end].map { $0.rfc3339.prefix(10) }
        return "readings-\(days[0])-\(days[1]).\(format.rawValue)"
    }

    func write(to writer: inout any ResponseBodyWriter) async throws {
        var isEmpty = true
        try await export.write(selection, as: format, organization: organization) { piece in
            var piece = piece
            // Each object of the array has a comma before it.
            if format == .json, isEmpty { piece[0] = UInt8(ascii: "[") }
            isEmpty = false
            try await put(ByteBuffer(bytes: piece), to: &writer)
        }
        if format == .json { try await put(ByteBuffer(string: isEmpty ? "[]\n" : "]\n"), to: &writer) }
        try await writer.finish(nil)
    }

    /// Writes a piece, and ends the connection of a reader who does not take it in time.
    private func put(_ piece: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        let deadline = channel.eventLoop.scheduleTask(in: Self.patience) { [channel] in channel.close(promise: nil) }
        defer { deadline.cancel() }
        try await writer.write(piece)
    }
}

extension QueryParameters {
    /// - Throws: 422 for what is no position.
    fileprivate func position(_ name: String) throws(Problem) -> ReadingPosition? {
        guard let text = self[name] else { return nil }
        guard let position = ReadingPosition(text) else {
            throw .invalid(name, "must be the <device_id>,<sensor_type>,<timestamp> of a row")
        }
        return position
    }
}
