/// Measurements that were recorded once, replayed in a loop at the pace they were recorded at.
struct Recording: SignalSource {
    struct Column: Sendable, Hashable {
        let sensorType: String
        let unit: String
    }

    /// What is wrong with a file.
    enum ParseError: Error, Hashable, CustomStringConvertible {
        case header(String)
        case row(line: Int)
        case empty

        var description: String {
            switch self {
            case .header(let found):
                "the header must be `elapsed [s]`, then columns `sensor_type [unit]`; found: \(found)"
            case .row(let line): "line \(line) does not have a number for every column, or goes back in time"
            case .empty: "there is no row of measurements"
            }
        }
    }

    let columns: [Column]
    /// Seconds since the recording began, growing.
    private let times: [Double]
    private let rows: [[Double]]
    private var start: Double?

    /// Reads CSV whose header is `elapsed [s],sensor_type [unit],…`.
    ///
    /// - Throws: ``ParseError``.
    init(csv: String) throws(ParseError) {
        let lines = csv.split(whereSeparator: \.isNewline)
        guard let header = lines.first else { throw .empty }
        let titles = header.split(separator: ",")
        let columns = titles.dropFirst().compactMap(Column.init(title:))
        guard titles.first?.hasPrefix("elapsed") == true, !columns.isEmpty, columns.count == titles.count - 1 else {
            throw .header(String(header))
        }
        var times: [Double] = []
        var rows: [[Double]] = []
        for (index, line) in lines.enumerated().dropFirst() {
            let numbers = line.split(separator: ",", omittingEmptySubsequences: false).compactMap { Double($0) }
            guard numbers.count == columns.count + 1, numbers.allSatisfy(\.isFinite), numbers[0] > times.last ?? -1
            else { throw .row(line: index + 1) }
            times.append(numbers[0])
            rows.append(Array(numbers.dropFirst()))
        }
        guard !rows.isEmpty else { throw .empty }
        self.columns = columns
        self.times = times
        self.rows = rows
    }

    mutating func sample(at time: Double) -> [Measurement] {
        let start = start ?? time
        self.start = start
        let length = (times.last ?? 0) + 1
        let position = (time - start).truncatingRemainder(dividingBy: length)
        let row = rows[max(0, (times.firstIndex { $0 > position } ?? times.count) - 1)]
        return zip(columns, row).map { Measurement(sensorType: $0.sensorType, unit: $0.unit, value: $1) }
    }
}

extension Recording.Column {
    /// Reads `sensor_type [unit]`; a unit of `1` is none.
    init?(title: Substring) {
        guard let open = title.firstIndex(of: "["), title.last == "]" else { return nil }
        let name = title[..<open].filter { $0 != " " }
        guard !name.isEmpty else { return nil }
        let inside = title[title.index(after: open)...].dropLast()
        self.init(sensorType: String(name), unit: inside == "1" ? "" : String(inside))
    }
}
