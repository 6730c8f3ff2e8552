import EventBus
import Foundation
import HTTPKit
import Identity
import Kernel
import Postgres

/// Past readings, which the readings service has and is asked for page by page.
struct PastReadings: Sendable {
    /// A page of readings: device by device, and those of each by time.
    struct Page: Decodable {
        /// A ``TelemetryEntry``.
        let readings: Data
        /// Where the next page begins; nil on the last one.
        let next: String?
    }

    static let pageSize = 10_000

    let owner: PeerClient

    /// The readings of some sensors of devices in a time range, behind a cursor.
    ///
    /// - Throws: 503 while the readings service does not answer, or not as this version reads it.
    func page(
        of devices: [UUID], sensorTypes: [String], _ range: TimeRange, in organization: UUID, after cursor: String?
    ) async throws -> Page {
        var query = [
            ("organization_id", organization.text), ("device_ids", devices.map(\.text).joined(separator: ",")),
            ("from", range.start.rfc3339), ("to", range.end.rfc3339), ("limit", "\(Self.pageSize)"), ("order", "asc"),
        ]
        query += sensorTypes.map { ("sensor_types", $0) }
        if let cursor { query.append(("cursor", cursor)) }
        let text = query.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")
        do {
            guard let page = try await owner.get("/internal/v1/readings?\(text)", as: Page.self) else {
                throw PeerError.refused(status: 404)
            }
            return page
        } catch  where error is PeerError || error is DecodingError {
            throw Problem.unavailable(retryAfter: 5, "Past readings cannot be read just now.")
        }
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    /// RFC 3986, section 2.3.
    private static let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
}
