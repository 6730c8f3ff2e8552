import FoundationEssentials
import HTTPKit
import Identity
import Testing

@testable import ReadingsService

struct ImportFileTests {
    private let device = UUID.v7()
    private let now = ReadingsFormat.arrival

    private func groups(_ bytes: [UInt8]) throws -> [ImportedReadings] {
        var file = ImportFile()
        var groups: [ImportedReadings] = []
        for piece in stride(from: 0, to: bytes.count, by: 1000) {
            file.append(bytes[piece..<min(piece + 1000, bytes.count)])
            while let group = try file.next(isEnd: false, now: now) { groups.append(group) }
        }
        while let group = try file.next(isEnd: true, now: now) { groups.append(group) }
        return groups
    }

    private func groups(_ text: String) throws -> [ImportedReadings] { try groups(Array(text.utf8)) }

    @Test func `the columns may be in any order, others are passed over, and fields separated by semicolons`() throws {
        let other = UUID.v7()
        let found = try groups(
            """
            \u{FEFF}value;note;timestamp;device_id;sensor_type;unit
            21.5;a,"b;1795460400;\(device.uuidString);t;°C
            "x;
            y";;1795460400;\(other.uuidString);label;
            """)
        #expect(found.count == 1 && found[0].rejections == [])
        #expect(found[0].devices[device]?.values == [21.5])
        #expect(found[0].devices[device]?.positions == [2])
        #expect(found[0].devices[other]?.texts == [0: "x;\ny"])
        #expect(found[0].devices[other]?.positions == [3])
    }

    @Test func `an apostrophe before a value says that it is text, and guards names from spreadsheets`() throws {
        let values = ["'5", "'true", "'", "''x", "'=1+1", "plain"]
        let lines = values.enumerated().map { "\(device.uuidString),'=s\($0),\($1),\(1_795_460_400 + $0)" }
        let found = try groups("device_id,sensor_type,value,timestamp\n" + lines.joined(separator: "\n"))
        let columns = try #require(found[0].devices[device])
        #expect(columns.rejections == [])
        #expect(columns.sensors.map(\.name) == ["=s0", "=s1", "=s2", "=s3", "=s4", "=s5"])
        #expect((0..<values.count).map { columns.texts[$0] } == ["5", "true", "", "'x", "=1+1", "plain"])
    }

    @Test func `what is broken is rejected by itself, with its line`() throws {
        let long = String(repeating: "x", count: 2 * CSVRecords.maximumLength)
        let id = device.uuidString
        var bytes = Array(
            """
            device_id,sensor_type,value,timestamp
            \(id),t,1,1795460400
            nobody,t,2,1795460400
            \(id),t,3
            \(id),t,4,
            \(id),t,5,yesterday
            \(long)
            \(id),"t,6,1795460400
            \(id),t,7,1795460407

            """.utf8)
        bytes += [0xFF, UInt8(ascii: ","), UInt8(ascii: "\n")]
        let found = try groups(bytes)
        let columns = try #require(found.first?.devices[device])
        #expect(found.count == 1 && columns.values == [1, 7] && columns.positions == [2, 9])
        let rejections = (found[0].rejections + columns.rejections).sorted { $0.index < $1.index }
        #expect(rejections.map(\.index) == [3, 4, 5, 6, 7, 8, 10])
        #expect(rejections.map(\.field) == ["device_id", "", "timestamp", "timestamp", "", "", ""])
    }

    @Test func `groups are of a thousand records`() throws {
        let lines = (0..<2500).map { "\(device.uuidString),t,\($0),\(1_795_000_000 + $0)\n" }
        let found = try groups("device_id,sensor_type,value,timestamp\n" + lines.joined())
        #expect(found.map { $0.devices[device]?.count } == [1000, 1000, 500])
        #expect(found.flatMap { $0.devices[device]?.values ?? [] } == (0..<2500).map(Double.init))
    }

    @Test(arguments: [
        "sensor_type,value,timestamp\nt,1,1", "device_id,value,timestamp\nt,1,1",
        "device_id,sensor_type,timestamp\nt,1,1",
        "device_id,sensor_type,value\nt,1,1", "device_id,device_id,sensor_type,value,timestamp\nt,1,1",
        "device_id,sensor_type,value,value,timestamp\n", "device_id,sensor_type,value,timestamp",
    ])
    func `another header, or none behind it, is a failure of the whole`(text: String) {
        #expect(throws: BodyFailure.self) { try groups(text) }
    }

    @Test func `what is no CSV is a failure of the whole`() {
        #expect(throws: CSVError.noHeader) { try groups("\n\n") }
        #expect(throws: CSVError.notUTF8) { try groups([0xFF, UInt8(ascii: "\n")]) }
        #expect(throws: CSVError.self) { try groups("\"device_id\nt") }
    }

    @Test func `a group says on which line it begins, also where that is broken`() throws {
        let count = ReadingLimits.readingsPerRequest
        let row = "\(device.uuidString),t,1,1795460400\n"
        let text = "device_id,sensor_type,value,timestamp\n" + String(repeating: row, count: count) + "\"\n" + row
        #expect(try groups(text).map(\.line) == [2, count + 2])
    }
}

struct ImportPatienceTests {
    @Test func `it is waited for a while at once, and for a while in all`() {
        var patience = ImportPatience()
        let waits = [45, 46, 30, 16, 15, 1].map { patience.take(.seconds($0)) }
        #expect(waits == [true, false, true, false, true, false])
    }
}
