import Testing

@testable import lms

struct RecordingTests {
    private let csv = "elapsed [s],load [1],memory [%]\n1.0,0.5,40\n2.0,0.6,41\n4.0,0.7,42\n"

    @Test func `columns are named with their unit`() throws {
        let recording = try Recording(csv: csv)
        #expect(recording.columns == [.init(sensorType: "load", unit: ""), .init(sensorType: "memory", unit: "%")])
    }

    @Test(arguments: [
        (0.0, 0.5), (1.0, 0.5), (1.9, 0.5), (2.0, 0.6), (3.9, 0.6), (4.5, 0.7), (5.0, 0.5), (7.2, 0.6),
    ])
    func `it is replayed at its pace, in a loop`(after: Double, load: Double) throws {
        var recording = try Recording(csv: csv)
        _ = recording.sample(at: 1000)
        #expect(recording.sample(at: 1000 + after)[0].value == load)
    }

    @Test(arguments: [
        ("", Recording.ParseError.empty),
        ("elapsed [s],load [1]\n", .empty),
        ("time,load\n1,2\n", .header("time,load")),
        ("elapsed [s]\n1\n", .header("elapsed [s]")),
        ("elapsed [s],load [1]\n1,x\n", .row(line: 2)),
        ("elapsed [s],load [1]\n1\n", .row(line: 2)),
        ("elapsed [s],load [1]\n1,inf\n", .row(line: 2)),
        ("elapsed [s],load [1]\n2,1\n2,1\n", .row(line: 3)),
    ])
    func `a file that is none is refused with the place`(csv: String, error: Recording.ParseError) {
        #expect(throws: error) { try Recording(csv: csv) }
    }

    @Test func `the recording that comes with the tool can be replayed`() throws {
        let rack = try Demo.rack(interval: 5)
        #expect(rack.sensors.contains("cpu_busy"))
    }
}
