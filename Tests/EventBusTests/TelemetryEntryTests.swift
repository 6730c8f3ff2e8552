import FoundationEssentials
import Kernel
import Postgres
import TestKit
import Testing

@testable import EventBus

@Suite struct TelemetryEntryTests {
    private static let organization = UUID.v7()
    private static let devices = [UUID.v7(), UUID.v7()]

    private static func entry() -> TelemetryEntry {
        var entry = TelemetryEntry()
        let readings: [(Int, String, Int64, Double)] = [
            (0, "temperature", 1_795_489_225_011_959, 38.4), (1, "Füllstand", -1, -.infinity),
            (0, "Füllstand", .max, .nan), (1, "temperature", 0, .leastNonzeroMagnitude),
        ]
        for (device, sensor, time, value) in readings {
            entry.append(
                sensor, of: devices[device], in: organization, at: Timestamp(microseconds: time), value: value,
                quality: 2)
        }
        return entry
    }

    @Test func `what is written is read back, bit by bit`() throws {
        let (written, read) = (Self.entry(), try TelemetryEntry(Self.entry().bytes))
        #expect(read.count == 4)
        #expect(read.devices == Self.devices && read.organizations == [Self.organization, Self.organization])
        #expect(read.sensorTypes == ["temperature", "Füllstand"])
        #expect(read.device == [0, 1, 0, 1] && read.sensorType == [0, 1, 1, 0])
        #expect(read.time == written.time && read.quality == [2, 2, 2, 2])
        #expect(read.value.map(\.bitPattern) == written.value.map(\.bitPattern))
    }

    @Test func `an entry without readings is one, too`() throws {
        #expect(try TelemetryEntry(TelemetryEntry().bytes).count == 0)
    }

    @Test func `the layout is as documented`() throws {
        var entry = TelemetryEntry()
        entry.append(
            "t", of: Self.devices[0], in: Self.organization, at: Timestamp(microseconds: 258), value: 1, quality: 5)
        let ids = [Self.devices[0], Self.organization].flatMap { withUnsafeBytes(of: $0.uuid) { Array($0) } }
        let columns: [UInt8] = [
            1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 5,
        ]
        #expect(entry.bytes == [1, 1, 0, 0, 0] + ids + [1, 0, 0, 0, 1, 0, UInt8(ascii: "t")] + columns)
    }

    @Test func `what is cut short or too long is refused`() {
        let bytes = Self.entry().bytes
        for length in 0..<bytes.count {
            #expect(throws: TelemetryEntry.Malformed.self) { try TelemetryEntry(Array(bytes.prefix(length))) }
        }
        #expect(throws: TelemetryEntry.Malformed.self) { try TelemetryEntry(bytes + [0]) }
    }

    @Test func `another version, a text that is not UTF-8 and an index too high are refused`() throws {
        let bytes = Self.entry().bytes
        let text = 5 + 4 * 16 + 4 + 2
        // After the two texts and the number of readings.
        let device = text + 11 + 2 + 10 + 4
        for (position, byte) in [(0, UInt8(2)), (text, 0xFF), (device, 2), (device + 16, 2)] {
            var changed = bytes
            changed[position] = byte
            #expect(throws: TelemetryEntry.Malformed.self, "\(position)") { try TelemetryEntry(changed) }
        }
    }

    @Test func `random bytes are refused or read, and never more than there are`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            var bytes = Self.entry().bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let read = try? TelemetryEntry(bytes)
            #expect(read.map { $0.count <= bytes.count / 25 } ?? true, "seed \(seed)")
        }
    }
}
