import Postgres
import Testing

@testable import DevicesService

@Suite struct AvailabilityTests {
    /// Hours from the start of a period that is 10 hours long.
    private static func percent(_ history: [(DeviceStatus, Double)]) -> Double? {
        func time(_ hours: Double) -> Timestamp { Timestamp(microseconds: Int64(hours * 3_600_000_000)) }
        return Availability.percent(
            of: history.map { StatusSince(status: $0.0, since: time($0.1)) }, from: time(0), to: time(10))
    }

    @Test(
        arguments: [
            ([], nil),
            ([(.online, -5)], 100), ([(.online, 0)], 100), ([(.offline, -5)], 0), ([(.error, -5)], 100),
            ([(.online, -5), (.offline, 5)], 50), ([(.offline, -5), (.online, 5)], 50),
            // What was before the period, or will be, does not count.
            ([(.online, -9), (.offline, -5), (.online, 4)], 60), ([(.online, -9), (.offline, 0)], 0),
            ([(.online, -9), (.offline, 20)], 100), ([(.online, 12)], nil), ([(.online, 10)], nil),
            // A device that is new.
            ([(.provisioned, 2), (.online, 4)], 75), ([(.provisioned, 8)], 0), ([(.online, 8)], 100),
            // What a person takes out of service is not missed.
            ([(.online, -1), (.maintenance, 4), (.offline, 6), (.online, 8)], 75), ([(.disabled, -1)], nil),
            ([(.maintenance, -1), (.online, 9)], 100),
            ([(.online, -1), (.offline, 9.9995)], 99.99), ([(.online, -1), (.offline, 9.99999)], 99.99),
        ] as [([(DeviceStatus, Double)], Double?)])
    func `it is the share of the time in service in which the device was there`(
        history: [(DeviceStatus, Double)], expected: Double?
    ) {
        #expect(Self.percent(history) == expected)
    }
}
