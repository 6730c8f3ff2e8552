import FoundationEssentials
import Postgres

/// The rows of one device that are to be stored: columns whose sensors are known as series.
struct DeviceRows: Sendable {
    struct Sensor: Sendable {
        let series: Series
        let name: String
    }

    let organizationID: UUID
    let deviceID: UUID
    var sensors: [Sensor] = []
    /// Per row, an index into `sensors`.
    var sensor: [Int32] = []
    var times: [Int64] = []
    var values: [Double] = []
    var qualities: [Int16] = []
    var texts: [Int: String] = [:]
    var attributes: [Int: JSONB] = [:]
    /// How many rows, from the first on, are readings of the request's list; vitals come behind and are not counted.
    var listed = 0

    var count: Int { times.count }

    func seriesID(_ row: Int) -> Int64 {
        sensors[Int(sensor[row])].series.id
    }
}

/// What became of the rows of one request.
struct IngestOutcome: Sendable, Equatable {
    var accepted = 0
    var duplicates = 0

    mutating func add(_ other: IngestOutcome) {
        accepted += other.accepted
        duplicates += other.duplicates
    }
}
