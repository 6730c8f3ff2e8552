import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct TelemetryBatchTests {
    private static let first = "01900000-0000-7000-8000-000000000001"
    private static let second = "01900000-0000-7000-8000-000000000002"
    private static let organization = "01900000-0000-7000-8000-0000000000aa"

    @Test func groupsByDeviceAndSensorInTheOrderOfTime() throws {
        let batch = try TelemetryBatch(
            json: Self.json(
                device: [0, 0, 1, 0], sensor: [0, 0, 0, 1], time: "[3, 1, 2, 9]", value: "[30, 10, 7, null]"))
        let groups = batch.readings { _ in true }
        #expect(groups.count == 2)
        #expect(
            groups[Self.key(Self.first)]
                == [Reading(time: .init(microseconds: 1), value: 10), Reading(time: .init(microseconds: 3), value: 30)])
        #expect(groups[Self.key(Self.second)] == [Reading(time: .init(microseconds: 2), value: 7)])
    }

    @Test func leavesOutWhatIsNotWanted() throws {
        let batch = try TelemetryBatch(
            json: Self.json(device: [0, 1], sensor: [0, 0], time: "[1, 2]", value: "[1, 2]"))
        #expect(
            batch.readings { $0.deviceID == UUID(uuidString: Self.second) }.keys.map(\.deviceID.text) == [Self.second])
    }

    @Test(arguments: [
        #"{"devices": []}"#, "[]", "not json",
        json(device: [2], sensor: [0], time: "[1]", value: "[1]"),
        json(device: [0], sensor: [-1], time: "[1]", value: "[1]"),
        json(device: [0], sensor: [0], time: "[1, 2]", value: "[1]"),
    ])
    func refusesColumnsThatDoNotFit(_ text: String) {
        #expect(throws: DecodingError.self) { try TelemetryBatch(json: Array(text.utf8)) }
    }

    private static func key(_ device: String) -> SensorKey {
        SensorKey(
            organizationID: UUID(uuidString: organization)!, deviceID: UUID(uuidString: device)!,
            sensorType: "temperature")
    }

    private static func json(device: [Int], sensor: [Int], time: String, value: String) -> String {
        """
        {"batch_id": 7, "devices": ["\(first)", "\(second)"], "organizations": ["\(organization)", "\(organization)"],
         "sensors": ["temperature", "humidity"], "device": \(device), "sensor": \(sensor), "time": \(time),
         "value": \(value), "quality": [1]}
        """
    }
}

extension TelemetryBatch {
    fileprivate init(json: String) throws {
        try self.init(json: Array(json.utf8))
    }
}
