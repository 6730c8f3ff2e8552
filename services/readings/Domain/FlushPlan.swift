import FoundationEssentials
import Postgres

/// What one flush writes: the rows of many requests in the order of their key, each key once.
///
/// The order is what keeps two flushes from deadlocking, and `ON CONFLICT DO NOTHING` cannot see a duplicate within its
/// own statement.
struct FlushPlan: Sendable {
    /// A row, by its request and its place there.
    private struct Source {
        let request: Int32
        let row: Int32
    }

    let requests: [DeviceRows]
    private var sources: [Source] = []
    private(set) var seriesIDs: [Int64] = []
    private(set) var times: [Timestamp] = []

    var count: Int { sources.count }

    init(_ requests: [DeviceRows]) {
        self.requests = requests
        let total = requests.reduce(0) { $0 + $1.count }
        var keyed: [(series: Int64, time: Int64, source: Source)] = []
        keyed.reserveCapacity(total)
        for (index, request) in requests.enumerated() {
            for row in 0..<request.count {
                keyed.append(
                    (
                        request.seriesID(row), request.times[row],
                        Source(request: Int32(index), row: Int32(row))
                    ))
            }
        }
        // The first of equal keys is the one that is stored: by request, then by row.
        keyed.sort {
            ($0.series, $0.time, $0.source.request, $0.source.row)
                < ($1.series, $1.time, $1.source.request, $1.source.row)
        }
        sources.reserveCapacity(total)
        seriesIDs.reserveCapacity(total)
        times.reserveCapacity(total)
        for entry in keyed {
            if entry.series == seriesIDs.last, entry.time == times.last?.microseconds { continue }
            sources.append(entry.source)
            seriesIDs.append(entry.series)
            times.append(Timestamp(microseconds: entry.time))
        }
    }

    /// Where the rows are in the primary key.
    var keyRanges: KeyRanges { KeyRanges(seriesIDs: seriesIDs, times: times) }

    // MARK: Columns, in the plan's order

    var values: [Double?] {
        sources.map { source in
            let value = requests[Int(source.request)].values[Int(source.row)]
            return value.isNaN ? nil : value
        }
    }

    var qualities: [Int16] { sources.map { requests[Int($0.request)].qualities[Int($0.row)] } }

    var texts: [String?] { sources.map { requests[Int($0.request)].texts[Int($0.row)] } }

    var attributes: [JSONB?] { sources.map { requests[Int($0.request)].attributes[Int($0.row)] } }

    /// All columns, row by row.
    func rows(batchID: Int64) -> CopyRows {
        // Without texts and attributes.
        var rows = CopyRows(capacity: count * 66)
        for (index, source) in sources.enumerated() {
            let request = requests[Int(source.request)]
            let row = Int(source.row)
            let value = request.values[row]
            rows.beginRow(columns: 7)
            rows.append(seriesIDs[index])
            rows.append(times[index])
            rows.append(value.isNaN ? nil : value)
            rows.append(request.texts[row])
            rows.append(request.qualities[row])
            rows.append(batchID)
            rows.append(request.attributes[row])
        }
        return rows
    }

    var hasTexts: Bool { requests.contains { !$0.texts.isEmpty } }

    var hasAttributes: Bool { requests.contains { !$0.attributes.isEmpty } }

    // MARK: Outcome

    /// What to tell each request.
    ///
    /// - Parameter inserted: Per row of the plan, whether it was new; nil when all were.
    func outcomes(inserted: [Bool]?) -> [IngestOutcome] {
        var outcomes = requests.map { IngestOutcome(accepted: 0, duplicates: $0.listed) }
        for (index, source) in sources.enumerated() where inserted?[index] ?? true {
            let request = Int(source.request)
            guard Int(source.row) < requests[request].listed else { continue }
            outcomes[request].accepted += 1
            outcomes[request].duplicates -= 1
        }
        return outcomes
    }

    /// How many rows each organization stored, of those that stored any.
    func counts(inserted: [Bool]?) -> [UUID: Int] {
        var counts = [Int](repeating: 0, count: requests.count)
        for (index, source) in sources.enumerated() where inserted?[index] ?? true {
            counts[Int(source.request)] += 1
        }
        return zip(requests, counts).reduce(into: [:]) { total, request in
            if request.1 > 0 { total[request.0.organizationID, default: 0] += request.1 }
        }
    }

    /// The rows that were stored, as the rest of the platform is told of them.
    func stored(batchID: Int64, inserted: [Bool]?) -> StoredBatch {
        var batch = StoredBatch(id: batchID)
        for (index, source) in sources.enumerated() where inserted?[index] ?? true {
            let rows = requests[Int(source.request)]
            let row = Int(source.row)
            let sensor = rows.sensors[Int(rows.sensor[row])]
            batch.append(
                StoredReading(
                    organizationID: rows.organizationID, deviceID: rows.deviceID, sensorType: sensor.name,
                    unit: sensor.series.unit.symbol, kind: sensor.series.kind, time: times[index],
                    value: rows.values[row], text: rows.texts[row], quality: rows.qualities[row]))
        }
        return batch
    }
}
