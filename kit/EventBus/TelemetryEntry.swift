import FoundationEssentials
import Kernel
import Postgres
import Redis

/// An entry of a telemetry stream: committed readings of the devices of one partition, in columns.
///
/// Every reading passes through one and several services read it, hence not JSON. All numbers are little-endian:
///
///     UInt8    the version of the layout, 1
///     UInt32   how many devices; then their ids, 16 bytes each, and as many ids of their organizations
///     UInt32   how many sensor types; then each as a UInt16, its length, and so many bytes of UTF-8
///     UInt32   how many readings; then their columns, one behind the other:
///              device and sensor type as indices (UInt32 each), time in microseconds since 1970 UTC (Int64),
///              value (binary64), quality (UInt8)
public struct TelemetryEntry: Sendable {
    /// Bytes that are no entry.
    public struct Malformed: Error {}

    /// The field of the stream's entry that holds the bytes.
    public static let field = "readings"
    static let version: UInt8 = 1

    public private(set) var devices: [UUID] = []
    /// The organization of each of ``devices``.
    public private(set) var organizations: [UUID] = []
    public private(set) var sensorTypes: [String] = []
    /// Per reading: where its device stands in ``devices``.
    public private(set) var device: [UInt32] = []
    /// Per reading: where its sensor type stands in ``sensorTypes``.
    public private(set) var sensorType: [UInt32] = []
    /// Per reading: microseconds since 1970 UTC.
    public private(set) var time: [Int64] = []
    /// Per reading: 1 and 0 for booleans, NaN for a text.
    public private(set) var value: [Double] = []
    /// Per reading: 1 excellent, 2 good, 3 fair, 4 poor, 5 bad.
    public private(set) var quality: [UInt8] = []

    private var deviceIndices: [UUID: UInt32] = [:]
    private var sensorIndices: [String: UInt32] = [:]

    public init() {}

    /// How many readings there are.
    public var count: Int { time.count }

    public mutating func append(
        _ sensor: String, of deviceID: UUID, in organization: UUID, at moment: Timestamp, value number: Double,
        quality grade: Int16
    ) {
        let deviceIndex = deviceIndices[deviceID] ?? UInt32(devices.count)
        if deviceIndex == devices.count {
            deviceIndices[deviceID] = deviceIndex
            devices.append(deviceID)
            organizations.append(organization)
        }
        let sensorIndex = sensorIndices[sensor] ?? UInt32(sensorTypes.count)
        if sensorIndex == sensorTypes.count {
            sensorIndices[sensor] = sensorIndex
            sensorTypes.append(sensor)
        }
        device.append(deviceIndex)
        sensorType.append(sensorIndex)
        time.append(moment.microseconds)
        value.append(number)
        quality.append(UInt8(clamping: grade))
    }

    // MARK: Bytes

    /// The entry as it stands in the stream.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(13 + 32 * devices.count + 32 * sensorTypes.count + 25 * count)
        bytes.append(UInt32(devices.count))
        for id in devices + organizations { bytes.append(id) }
        bytes.append(UInt32(sensorTypes.count))
        for name in sensorTypes {
            bytes.append(UInt16(name.utf8.count))
            bytes += name.utf8
        }
        bytes.append(UInt32(count))
        for index in device { bytes.append(index) }
        for index in sensorType { bytes.append(index) }
        for moment in time { bytes.append(moment) }
        for number in value { bytes.append(number.bitPattern) }
        return bytes + quality
    }

    /// - Throws: ``Malformed`` for bytes of another layout, or columns that do not fit together.
    public init(_ bytes: [UInt8]) throws(Malformed) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt8.self) == Self.version else { throw Malformed() }
        let deviceCount = try reader.count(ofAtLeast: 32)
        devices = try reader.repeated(deviceCount) { reader throws(Malformed) in try reader.id() }
        organizations = try reader.repeated(deviceCount) { reader throws(Malformed) in try reader.id() }
        let sensorCount = try reader.count(ofAtLeast: 2)
        sensorTypes = try reader.repeated(sensorCount) { reader throws(Malformed) in try reader.text() }
        let rows = try reader.count(ofAtLeast: 25)
        device = try reader.column(rows)
        sensorType = try reader.column(rows)
        time = try reader.column(rows)
        value = try reader.column(rows).map(Double.init(bitPattern:))
        quality = try reader.column(rows)
        guard reader.isAtEnd, device.allSatisfy({ $0 < deviceCount }), sensorType.allSatisfy({ $0 < sensorCount })
        else { throw Malformed() }
    }
}

extension StreamEntry {
    /// The readings of an entry of a telemetry stream.
    ///
    /// - Throws: ``TelemetryEntry/Malformed``.
    public var telemetry: TelemetryEntry {
        get throws(TelemetryEntry.Malformed) { try TelemetryEntry(self[TelemetryEntry.field] ?? []) }
    }
}

extension RedisCommand {
    /// Appends readings to the stream of their partition.
    public static func xadd(
        _ stream: String, _ telemetry: TelemetryEntry, id: StreamID? = nil, trim: StreamTrim? = nil
    ) -> RedisCommand {
        .xadd(stream, [(TelemetryEntry.field, telemetry.bytes)], id: id, trim: trim)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { self += $0 }
    }

    fileprivate mutating func append(_ id: UUID) {
        Swift.withUnsafeBytes(of: id.uuid) { self += $0 }
    }
}

/// Reads numbers and texts one behind the other.
private struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    /// Where the next `length` bytes stand, which count as read.
    private mutating func take(_ length: Int) throws(TelemetryEntry.Malformed) -> Range<Int> {
        guard length <= bytes.count - position else { throw TelemetryEntry.Malformed() }
        defer { position += length }
        return position..<position + length
    }

    mutating func read<Number: FixedWidthInteger>(_: Number.Type) throws(TelemetryEntry.Malformed) -> Number {
        try column(1)[0]
    }

    /// How many of something there are that takes at least so many bytes, which must be there.
    mutating func count(ofAtLeast size: Int) throws(TelemetryEntry.Malformed) -> Int {
        let count = Int(try read(UInt32.self))
        guard count <= (bytes.count - position) / size else { throw TelemetryEntry.Malformed() }
        return count
    }

    mutating func column<Number: FixedWidthInteger>(_ rows: Int) throws(TelemetryEntry.Malformed) -> [Number] {
        let size = MemoryLayout<Number>.size
        let range = try take(rows * size)
        return bytes.withUnsafeBytes { raw in
            // The range lies within the bytes, and any pattern of bits is an integer.
            stride(from: range.lowerBound, to: range.upperBound, by: size).map { offset in
                Number(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Number.self))
            }
        }
    }

    mutating func id() throws(TelemetryEntry.Malformed) -> UUID {
        let range = try take(16)
        return bytes.withUnsafeBytes { raw in
            // As above.
            UUID(uuid: raw.loadUnaligned(fromByteOffset: range.lowerBound, as: uuid_t.self))
        }
    }

    mutating func text() throws(TelemetryEntry.Malformed) -> String {
        let range = try take(Int(try read(UInt16.self)))
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw TelemetryEntry.Malformed() }
        return text
    }

    mutating func repeated<Element>(
        _ count: Int, _ read: (inout ByteReader) throws(TelemetryEntry.Malformed) -> Element
    ) throws(TelemetryEntry.Malformed) -> [Element] {
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }
}
