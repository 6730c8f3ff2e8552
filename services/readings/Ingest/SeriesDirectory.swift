import FoundationEssentials
import Postgres
import Synchronization

/// Which series the sensors of a device are: from memory, else from the database, where new ones are made.
final class SeriesDirectory: Sendable {
    private let store: SeriesStore
    private let capacity: Int
    private let devices = Mutex<[UUID: [String: Series]]>([:])

    /// - Parameter capacity: How many devices are kept in memory.
    init(store: SeriesStore, capacity: Int = 100_000) {
        self.store = store
        self.capacity = capacity
    }

    /// Takes the series of several devices into memory, by one query, so that not every device needs one.
    ///
    /// - Throws: `PostgresError`.
    func load(_ wanted: Set<UUID>, organization: UUID) async throws {
        let missing = devices.withLock { known in wanted.filter { known[$0] == nil } }
        guard !missing.isEmpty else { return }
        let found = try await store.series(of: Array(missing), organization: organization)
        for (device, series) in found { remember(series, device) }
    }

    /// Turns what a request brought into rows of known series; readings that do not fit theirs are rejected in
    /// `columns`.
    ///
    /// - Throws: `PostgresError`.
    func resolve(_ columns: inout ReadingColumns, device: UUID, organization: UUID) async throws -> DeviceRows {
        let known = try await series(for: columns.sensors, device: device, organization: organization)
        return Self.rows(&columns, of: known, device: device, organization: organization)
    }

    /// The same, if all series are in memory.
    func resolveKnown(_ columns: inout ReadingColumns, device: UUID, organization: UUID) -> DeviceRows? {
        guard let known = remembered(for: columns.sensors, device: device) else { return nil }
        return Self.rows(&columns, of: known, device: device, organization: organization)
    }

    private static func rows(
        _ columns: inout ReadingColumns, of known: [String: Series], device: UUID, organization: UUID
    ) -> DeviceRows {
        let matches = columns.sensors.map { SensorMatch($0, known[$0.name]) }
        var rows = DeviceRows(organizationID: organization, deviceID: device)
        var indices = [Int32](repeating: -1, count: matches.count)
        for (index, match) in matches.enumerated() {
            guard case .series(let series, _) = match else { continue }
            indices[index] = Int32(rows.sensors.count)
            rows.sensors.append(.init(series: series, name: columns.sensors[index].name))
        }
        for row in 0..<columns.count {
            let sensor = Int(columns.sensor[row])
            switch matches[sensor] {
            case .series(_, let conversion):
                if let text = columns.texts[row] { rows.texts[rows.count] = text }
                if let attributes = columns.attributes[row] { rows.attributes[rows.count] = attributes }
                rows.sensor.append(indices[sensor])
                rows.times.append(columns.times[row])
                rows.values.append(conversion(columns.values[row]))
                rows.qualities.append(columns.qualities[row])
                if columns.positions[row] >= 0 { rows.listed += 1 }
            case .mismatch(let field, let message):
                if columns.positions[row] >= 0 { columns.reject(Int(columns.positions[row]), field, message) }
            }
        }
        return rows
    }

    private func remembered(for sensors: [ReadingColumns.Sensor], device: UUID) -> [String: Series]? {
        guard let known = devices.withLock({ $0[device] }), sensors.allSatisfy({ known[$0.name] != nil }) else {
            return nil
        }
        return known
    }

    private func series(
        for sensors: [ReadingColumns.Sensor], device: UUID, organization: UUID
    ) async throws -> [String: Series] {
        if let known = remembered(for: sensors, device: device) { return known }
        var known = try await store.series(of: device, organization: organization)
        var missing: [ReadingColumns.Sensor] = []
        var names: Set<String> = []
        for sensor in sensors where known[sensor.name] == nil && names.insert(sensor.name).inserted {
            guard known.count + missing.count < ReadingLimits.sensorsPerDevice else { break }
            missing.append(sensor)
        }
        if !missing.isEmpty {
            known = try await store.create(missing, of: device, organization: organization)
        }
        remember(known, device)
        return known
    }

    private func remember(_ series: [String: Series], _ device: UUID) {
        devices.withLock { devices in
            if devices.count >= capacity, let victim = devices.keys.first { devices[victim] = nil }
            devices[device] = series
        }
    }
}

/// Whether a sensor's readings fit the series of its name.
private enum SensorMatch {
    case series(Series, LinearConversion)
    case mismatch(field: String, message: String)

    init(_ sensor: ReadingColumns.Sensor, _ series: Series?) {
        guard let series else {
            self = .mismatch(
                field: "sensor_type",
                message: "is one too many: a device has at most \(ReadingLimits.sensorsPerDevice) sensor types")
            return
        }
        guard series.kind == sensor.kind else {
            self = .mismatch(
                field: "value",
                message: "must be of the sensor's kind: \"\(sensor.name)\" records \(series.kind.plural)")
            return
        }
        // An empty unit says as little as none.
        let unit = sensor.unit.flatMap { $0 == .none ? nil : $0 } ?? series.unit
        guard let conversion = unit.conversion(to: series.unit) else {
            self = .mismatch(
                field: "unit",
                message: "cannot be converted into \"\(series.unit.symbol)\", in which \"\(sensor.name)\" is recorded")
            return
        }
        self = .series(series, conversion)
    }
}
