import FoundationEssentials
import Postgres

/// What a request of many devices brings of one of them.
struct DeviceReadings: Sendable {
    /// Nil for what is no device's id.
    let deviceID: UUID?
    /// The place of the device in the request, from 0.
    let position: Int
    /// The place of its first reading among those of all devices.
    let firstReading: Int
    /// How many readings it has, rejected ones too.
    let count: Int
    var columns: ReadingColumns

    /// Those of the columns, as they are named in the whole request.
    var rejections: [Rejection] {
        columns.rejections.map { rejection in
            let field = rejection.field.isEmpty ? "" : ".\(rejection.field)"
            return Rejection(
                index: firstReading + rejection.index,
                field: "devices[\(position)].readings[\(rejection.index)]\(field)", message: rejection.message)
        }
    }

    /// All of the readings, because of the device.
    func rejections(because message: String) -> [Rejection] {
        (0..<count).map { index in
            Rejection(index: firstReading + index, field: "devices[\(position)].device_id", message: message)
        }
    }
}

/// Reads the body of `POST /api/v1/readings`: a list of devices, each with what ``DeviceReadingsParser`` reads and the
/// device's id.
struct ManyDevicesParser {
    private var scanner: JSONScanner
    private let now: Timestamp
    private var devices: [DeviceReadings]?
    private var count = 0

    /// - Throws: ``BodyFailure``.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> [DeviceReadings] {
        var parser = ManyDevicesParser(scanner: JSONScanner(bytes), now: now)
        do {
            return try parser.body()
        } catch let failure as JSONScanner.Failure {
            throw BodyFailure.notJSON(failure)
        }
    }

    private mutating func body() throws -> [DeviceReadings] {
        guard try scanner.peekKind() == .object else {
            try scanner.skipValue()
            try scanner.end()
            throw BodyFailure.invalid(field: "", message: "must be an object with a list \"devices\"")
        }
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if "devices" ~= key { try list() } else { try scanner.skipValue() }
        }
        try scanner.end()
        guard let devices else { throw BodyFailure.invalid(field: "devices", message: "is required") }
        guard !devices.isEmpty else { throw BodyFailure.invalid(field: "devices", message: "must not be empty") }
        return devices
    }

    private mutating func list() throws {
        guard try scanner.peekKind() == .array, devices == nil else {
            throw BodyFailure.invalid(field: "devices", message: "must be a list of devices")
        }
        try scanner.beginArray()
        var found: [DeviceReadings] = []
        var isFirst = true
        while try scanner.nextElement(isFirst: &isFirst) {
            let position = found.count
            do {
                found.append(try device(at: position))
            } catch BodyFailure.invalid(let field, let message) {
                let place = "devices[\(position)]"
                throw BodyFailure.invalid(field: field.isEmpty ? place : "\(place).\(field)", message: message)
            }
        }
        devices = found
    }

    private mutating func device(at position: Int) throws -> DeviceReadings {
        guard try scanner.peekKind() == .object else {
            throw BodyFailure.invalid(field: "", message: "must be an object")
        }
        var parser = DeviceReadingsParser(scanner, now: now, limit: ReadingLimits.readingsPerRequest - count)
        try parser.object()
        scanner = parser.scanner
        defer { count += parser.count }
        return DeviceReadings(
            deviceID: parser.deviceID.flatMap(UUID.init(uuidString:)), position: position, firstReading: count,
            count: parser.count, columns: parser.columns)
    }
}
