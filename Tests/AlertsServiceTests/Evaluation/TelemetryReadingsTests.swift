import EventBus
import FoundationEssentials
import Kernel
import Postgres
import Testing

@testable import AlertsService

@Suite struct TelemetryReadingsTests {
    private static let (first, second, organization) = (UUID.v7(), UUID.v7(), UUID.v7())

    private static func entry(_ readings: [(UUID, String, Int64, Double)]) -> TelemetryEntry {
        readings.reduce(into: TelemetryEntry()) { entry, reading in
            entry.append(
                reading.1, of: reading.0, in: organization, at: Timestamp(microseconds: reading.2), value: reading.3,
                quality: 2)
        }
    }

    private static func key(_ device: UUID) -> SensorKey {
        SensorKey(organizationID: organization, deviceID: device, sensorType: "temperature")
    }

    @Test func `readings are grouped by device and sensor in the order of time, texts left out`() {
        let entry = Self.entry([
            (Self.first, "temperature", 3, 30), (Self.first, "temperature", 1, 10), (Self.second, "temperature", 2, 7),
            (Self.first, "note", 9, .nan),
        ])
        let groups = entry.readings { _ in true }
        #expect(groups.count == 2)
        #expect(
            groups[Self.key(Self.first)]
                == [Reading(time: .init(microseconds: 1), value: 10), Reading(time: .init(microseconds: 3), value: 30)])
        #expect(groups[Self.key(Self.second)] == [Reading(time: .init(microseconds: 2), value: 7)])
    }

    @Test func `what is not wanted is left out`() {
        let entry = Self.entry([(Self.first, "temperature", 1, 1), (Self.second, "temperature", 2, 2)])
        #expect(entry.readings { $0.deviceID == Self.second }.keys.map(\.deviceID) == [Self.second])
    }
}
