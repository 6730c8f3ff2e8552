import TestKit
import Testing

@testable import lms

struct RoomClimateTests {
    /// A day of one sensor, a value every 30 s.
    private func day(_ sensor: String, seed: UInt64 = 1) -> [Double] {
        var room = RoomClimate(generator: SplitMix64(seed: seed))
        return stride(from: 1_800_000_000.0, to: 1_800_086_400, by: 30).flatMap { time in
            room.sample(at: time).filter { $0.sensorType == sensor }.map(\.value)
        }
    }

    @Test func `every value is one that a room can have`() {
        let limits: [String: ClosedRange<Double>] = [
            "temperature": 15...40, "humidity": 5...95, "co2": 400...1200, "pressure": 990...1035,
        ]
        for (sensor, range) in limits {
            #expect(day(sensor).allSatisfy(range.contains), "\(sensor)")
        }
    }

    @Test func `now and then it gets too warm, and cools down again`() {
        let temperatures = day("temperature")
        let warm = temperatures.filter { $0 > 26 }.count
        #expect(warm > 0)
        #expect(warm < temperatures.count / 3)
    }

    @Test func `people raise the carbon dioxide by day`() {
        let values = day("co2")
        #expect((values.max() ?? 0) - (values.min() ?? 0) > 300)
    }

    @Test func `a gap in time does no harm`() {
        var room = RoomClimate(generator: SplitMix64(seed: 1))
        _ = room.sample(at: 1_800_000_000)
        let later = room.sample(at: 1_900_000_000)
        #expect(later.allSatisfy { $0.value.isFinite })
    }
}
